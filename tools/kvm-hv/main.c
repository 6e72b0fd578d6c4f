// SPDX-License-Identifier: GPL-2.0
/*
 * kvm-hv: the command line, and the order in which the parts come up.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kvm-hv.h"

#define MIN_MEM		(32 * MIB)
#define MAX_MEM		BIT_ULL(40)
#define MAX_ADDR	BIT_ULL(46)

struct config config = {
	.mem = 512 * MIB, .cpus = 1, .threads = 1, .append = "",
};

static const char usage[] =
"usage: kvm-hv [OPTION]... --kernel FILE\n"
"  -m, --mem SIZE           guest memory, in MiB or with K, M or G (512M)\n"
"      --smp N              virtual CPUs (1)\n"
"      --threads T          CPUs of one virtual core (1)\n"
"      --kernel FILE        ELF file, or with --flat any file\n"
"      --flat               load FILE at 0 and enter it at 0x100\n"
"      --initrd FILE        initial RAM disk\n"
"      --append TEXT        command line of the guest kernel\n"
"      --hugepages[=PATH]   memory from 16M pages, or from the hugetlbfs at PATH\n"
"      --rma                real mode area from KVM_ALLOCATE_RMA\n"
"      --htab-order N       2^N bytes of hashed page table (from the memory)\n"
"      --irqchip=kernel|user  what emulates the interrupt controller\n"
"      --cas, --no-cas      answer H_CAS, or not (--cas)\n"
"      --no-reboot          a reboot of the guest ends kvm-hv\n"
"      --testdev ADDR[,FILE]  test device at ADDR, with FILE in it\n"
"      --timeout SECONDS    give up after that time, exit status 124\n"
"      --stats              count exits and hypercalls, print them at the end\n"
"      --help, --version\n"
"Ctrl-A x ends the guest, Ctrl-A Ctrl-A is one Ctrl-A.\n";

enum {
	OPT_SMP = 256, OPT_THREADS, OPT_KERNEL, OPT_FLAT, OPT_INITRD, OPT_APPEND,
	OPT_HUGEPAGES, OPT_RMA, OPT_HTAB_ORDER, OPT_IRQCHIP, OPT_CAS, OPT_NO_CAS,
	OPT_NO_REBOOT, OPT_TESTDEV, OPT_TIMEOUT, OPT_STATS, OPT_HELP, OPT_VERSION,
};

static const struct option options[] = {
	{ "mem", required_argument, NULL, 'm' },
	{ "smp", required_argument, NULL, OPT_SMP },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "flat", no_argument, NULL, OPT_FLAT },
	{ "initrd", required_argument, NULL, OPT_INITRD },
	{ "append", required_argument, NULL, OPT_APPEND },
	{ "hugepages", optional_argument, NULL, OPT_HUGEPAGES },
	{ "rma", no_argument, NULL, OPT_RMA },
	{ "htab-order", required_argument, NULL, OPT_HTAB_ORDER },
	{ "irqchip", required_argument, NULL, OPT_IRQCHIP },
	{ "cas", no_argument, NULL, OPT_CAS },
	{ "no-cas", no_argument, NULL, OPT_NO_CAS },
	{ "no-reboot", no_argument, NULL, OPT_NO_REBOOT },
	{ "testdev", required_argument, NULL, OPT_TESTDEV },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ }
};

static void vwarn(const char *fmt, va_list ap, const char *error)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	fprintf(stderr, "kvm-hv: %s%s%s\n", text, error ? ": " : "", error ? error : "");
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap, NULL);
	va_end(ap);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap, NULL);
	va_end(ap);
	exit(1);
}

void die_errno(const char *fmt, ...)
{
	const char *error = strerror(errno);
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap, error);
	va_end(ap);
	exit(1);
}

static uint64_t parse_number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t val;

	errno = 0;
	val = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || val < min || val > max)
		die("%s %s: not a number from %llu to %llu", option, text,
		    (unsigned long long)min, (unsigned long long)max);
	return val;
}

static uint64_t memory_size(const char *text)
{
	unsigned int shift = 20;
	uint64_t val;
	char *end;

	errno = 0;
	val = strtoull(text, &end, 0);
	if (*end && end != text) {
		switch (*end++) {
		case 'k': case 'K':
			shift = 10;
			break;
		case 'm': case 'M':
			break;
		case 'g': case 'G':
			shift = 30;
			break;
		default:
			end = (char *)text;
		}
	}
	if (errno || end == text || *end || *text == '-')
		die("-m %s: not a size", text);
	if (val > MAX_MEM >> shift)
		die("-m %s: more than %llu MiB", text, MAX_MEM / MIB);
	val <<= shift;
	if (val < MIN_MEM)
		die("-m %s: less than %llu MiB", text, MIN_MEM / MIB);
	if (val % MIB)
		die("-m %s: not a multiple of 1 MiB", text);
	return val;
}

static void testdev_option(char *text)
{
	char *comma = strchr(text, ',');

	if (comma) {
		*comma = 0;
		config.testdev_file = comma + 1;
	}
	config.testdev = parse_number("--testdev", text, 0, MAX_ADDR);
	if (config.testdev % TESTDEV_SIZE)
		die("--testdev %s: not a multiple of %#x", text, TESTDEV_SIZE);
	config.has_testdev = true;
}

static void irqchip_option(const char *text)
{
	if (!strcmp(text, "kernel"))
		config.irqchip = IRQCHIP_KERNEL;
	else if (!strcmp(text, "user"))
		config.irqchip = IRQCHIP_USER;
	else
		die("--irqchip=%s: neither kernel nor user", text);
}

static void one_option(int c)
{
	switch (c) {
	case 'm':
		config.mem = memory_size(optarg);
		break;
	case OPT_SMP:
		config.cpus = parse_number("--smp", optarg, 1, MAX_CPUS);
		break;
	case OPT_THREADS:
		config.threads = parse_number("--threads", optarg, 1, MAX_THREADS);
		break;
	case OPT_KERNEL:
		config.kernel = optarg;
		break;
	case OPT_FLAT:
		config.flat = true;
		break;
	case OPT_INITRD:
		config.initrd = optarg;
		break;
	case OPT_APPEND:
		config.append = optarg;
		break;
	case OPT_HUGEPAGES:
		config.hugepages = true;
		config.hugepages_path = optarg;
		break;
	case OPT_RMA:
		config.rma = true;
		break;
	case OPT_HTAB_ORDER:
		config.htab_order = parse_number("--htab-order", optarg, 18, 46);
		break;
	case OPT_IRQCHIP:
		irqchip_option(optarg);
		break;
	case OPT_CAS:
	case OPT_NO_CAS:
		config.no_cas = c == OPT_NO_CAS;
		break;
	case OPT_NO_REBOOT:
		config.no_reboot = true;
		break;
	case OPT_TESTDEV:
		testdev_option(optarg);
		break;
	case OPT_TIMEOUT:
		config.timeout = parse_number("--timeout", optarg, 1, 1000000);
		break;
	case OPT_STATS:
		config.stats = true;
		break;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	case OPT_VERSION:
		puts("kvm-hv " KVM_HV_VERSION);
		exit(0);
	}
}

static void parse(int argc, char **argv)
{
	int c, at;

	opterr = 0;
	for (;;) {
		at = optind;
		c = getopt_long(argc, argv, ":m:", options, NULL);
		if (c < 0)
			break;
		if (c == ':')
			die("%s: value is missing (see --help)", argv[at]);
		if (c == '?')
			die("%s: no such option (see --help)", argv[at]);
		one_option(c);
	}
	if (optind < argc)
		die("%s: not an option (see --help)", argv[optind]);
	if (!config.kernel)
		die("--kernel is missing (see --help)");
	if (config.threads & (config.threads - 1))
		die("--threads %u: not a power of two", config.threads);
	if (config.cpus % config.threads)
		die("--smp %u: not a multiple of --threads %u", config.cpus, config.threads);
	if (config.has_testdev && config.testdev < config.mem)
		die("--testdev %#llx: inside guest memory", (unsigned long long)config.testdev);
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	vm_create();
	xics_create();
	vcpus_create();
	vm_add_memory();
	testdev_init();
	vm_load();
	console_init();
	vcpus_run();
	console_loop();
	vcpus_join();
	if (config.stats) {
		stats_print(stderr);
		testdev_print(stderr);
	}
	return vm.status;
}
