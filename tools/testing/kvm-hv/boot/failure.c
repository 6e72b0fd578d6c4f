// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU, where the lab makes errors happen (SCOMs of
 * lab/README, "events"): what does a guest on several threads of a core see of a
 * machine check or an HMI that hits one of them?
 *
 *   failure [KIND CPU WHERE]
 *   failure sweep SEED
 *   failure fire KIND CPU WHERE ...
 *
 * KIND CPU WHERE: no checks, only that event while a guest runs.  It ends the host.
 * sweep: errors by SEED at any instruction of KVM's real-mode code, while the threads go
 * in and out; the last one ends the host.
 * fire: only these events, whatever runs.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define SCOMS		"/sys/kernel/debug/powerpc/scom/00000000/access"
#define PAGE_GPA	0x100000UL	/* EA: the flag, then a counter for each vcpu */
#define VPA		0x110000UL
#define SHADOW		0x111000UL
#define COUNTER(n)	(0x80 * ((n) + 1))
#define HPTE_R_KEY	0x3000000000000e00UL	/* 31 */
#define MSR_RI		0x2UL
#define ROUNDS		12		/* more than Linux has room for events */
#define SWEEP		40
#define VCPUS		4
#define H_TRIP		0x7ff8		/* nobody knows it either: the core leaves */

/* SCOMs of the lab, hw/ppc/pnv_xscom.c there */
enum {
	LAB_DELAY = 0xfab00, LAB_SRR1, LAB_DSISR, LAB_DAR, LAB_HMER, LAB_FIRE, LAB_WHERE,
	LAB_SKIP, LAB_LOW, LAB_HIGH
};

enum { MACHINE_CHECK = 1, HMI, SYSTEM_RESET };
enum { ANYWHERE, NAPS, IN_GUEST, IN_REAL_MODE, IN_CODE };

/* POWER8: of a load or store, DSISR says which error */
#define SRR1_LOADSTORE	(1UL << (63 - 42))
#define DSISR_UE	0x8000
#define DSISR_ERAT	0x0800
#define DSISR_TLB	0x0400
#define DSISR_SLB	0x0080
#define DSISR_PARITY	0x0100
/* Only the lab raises it: firmware takes it for news of the processor's recovery */
#define HMER_RECOVERED	(1UL << (63 - 2))

enum { LOOP = GUEST_CODE, IDLE = GUEST_CODE + 0x100, TRIPS = GUEST_CODE + 0x200 };

static struct vm vm;
static char *mem;
static int scoms;
static struct vcpu {
	struct vm vm;
	pthread_t task;
	int nr;
	unsigned int reason;	/* of the last exit, and its flags */
	unsigned int flags;
	unsigned int exits;	/* with KVM_EXIT_NMI */
	unsigned long vector;	/* where the guest ended */
} vcpus[VCPUS];

static void no_action(int sig)
{
}

static void scom(unsigned long reg, uint64_t val)
{
	if (pwrite(scoms, &val, sizeof(val), reg * 8) != sizeof(val)) {
		perror("SCOM");
		exit(1);
	}
}

static unsigned long delay_ns = 1000000;

/* It happens after delay_ns, once @cpu is at @where */
static void fire(int kind, int cpu, int where, uint64_t srr1, uint64_t dsisr)
{
	scom(LAB_DELAY, delay_ns);
	scom(LAB_SRR1, srr1);
	scom(LAB_DSISR, dsisr);
	scom(LAB_DAR, EA);
	scom(LAB_HMER, HMER_RECOVERED);
	scom(LAB_WHERE, where);
	scom(LAB_FIRE, (uint64_t)kind << 32 | cpu);
}

static uint32_t *word(unsigned long offset)
{
	return (uint32_t *)(mem + PAGE_GPA + offset);
}

static uint32_t counted(int nr)
{
	return be32toh(__atomic_load_n(word(COUNTER(nr)), __ATOMIC_RELAXED));
}

static void set_area(struct vm *v, uint64_t id, uint64_t addr, uint64_t length)
{
	uint64_t val[2] = { addr, length };
	struct kvm_one_reg reg = { .id = id, .addr = (unsigned long)val };

	check("KVM_SET_ONE_REG of an area", ioctl(v->vcpu, KVM_SET_ONE_REG, &reg), 0);
}

/* What the guest has in its first SLB entry, there and in the shadow buffer */
static void set_slb(struct vm *v, int nr, int shadow)
{
	uint64_t *entry = (uint64_t *)(mem + SHADOW + nr * 0x100 + 16);
	uint32_t *head = (uint32_t *)(mem + SHADOW + nr * 0x100);
	struct kvm_sregs sregs;

	check("KVM_GET_SREGS", ioctl(v->vcpu, KVM_GET_SREGS, &sregs), 0);
	memset(sregs.u.s.ppc64.slb, 0, sizeof(sregs.u.s.ppc64.slb));
	sregs.u.s.ppc64.slb[0].slbe = EA | 0x08000000UL;
	sregs.u.s.ppc64.slb[0].slbv = VSID << 12;
	check("KVM_SET_SREGS", ioctl(v->vcpu, KVM_SET_SREGS, &sregs), 0);
	head[0] = htobe32(1);
	head[1] = htobe32(32);
	entry[0] = htobe64(EA | 0x08000000UL);
	entry[1] = htobe64(VSID << 12);
	set_area(v, KVM_REG_PPC_VPA_SLB, 0, 0);
	set_area(v, KVM_REG_PPC_VPA_ADDR, VPA + 0x1000 * 4 + nr * 0x400, 0);
	if (shadow)
		set_area(v, KVM_REG_PPC_VPA_SLB, SHADOW + nr * 0x100, 32);
}

/*
 * All keys but that of the guest's page deny loads and stores; the guest's code in
 * real mode has key 0, too.  The host must not go by them.
 */
static void set_keys(struct vm *v)
{
	uint64_t amr = ~3UL, iamr = 0x1555555555555554UL;
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_AMR, .addr = (unsigned long)&amr };

	check("KVM_REG_PPC_AMR", ioctl(v->vcpu, KVM_SET_ONE_REG, &reg), 0);
	reg = (struct kvm_one_reg){ .id = KVM_REG_PPC_IAMR, .addr = (unsigned long)&iamr };
	check("KVM_REG_PPC_IAMR", ioctl(v->vcpu, KVM_SET_ONE_REG, &reg), 0);
}

static void fwnmi(struct vm *v)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_FWNMI };

	check("KVM_CAP_PPC_FWNMI", ioctl(v->vcpu, KVM_ENABLE_CAP, &cap), 0);
}

static void *run(void *arg)
{
	struct vcpu *v = arg;
	struct kvm_run *run = v->vm.run;

	for (;;) {
		if (ioctl(v->vm.vcpu, KVM_RUN, 0)) {
			v->reason = KVM_EXIT_INTR;
			return NULL;
		}
		v->reason = run->exit_reason;
		if (v->reason == KVM_EXIT_NMI) {
			v->flags = run->flags & KVM_RUN_PPC_NMI_DISP_MASK;
			__atomic_fetch_add(&v->exits, 1, __ATOMIC_SEQ_CST);
			continue;
		}
		if (v->reason == KVM_EXIT_PAPR_HCALL && run->papr_hcall.nr == H_TRIP) {
			run->papr_hcall.ret = 0;
			continue;
		}
		if (v->reason == KVM_EXIT_PAPR_HCALL)
			v->vector = run->papr_hcall.args[0];
		return NULL;
	}
}

/* What the guest has in a register that it leaves alone */
static uint64_t own(const struct vcpu *v, int reg)
{
	return (v->nr + 1) * 0x0101010101010101UL ^ (uint64_t)reg << 56 ^ reg;
}

static void begin(struct vcpu *v, uint64_t pc, uint64_t msr)
{
	struct kvm_regs regs = { .pc = pc, .msr = MSR_SF | msr };
	int i;

	regs.gpr[4] = 0;
	regs.gpr[9] = EA;
	regs.gpr[10] = EA + COUNTER(v->nr);
	for (i = 14; i < 32; i++)
		regs.gpr[i] = own(v, i);
	v->exits = 0;
	v->flags = 0;
	v->vector = 0;
	v->reason = 0;
	/* KVM_RUN takes r3 to r12 from the hcall that ended last */
	v->vm.run->papr_hcall.ret = pc == IDLE ? H_CEDE : 0;
	memcpy(v->vm.run->papr_hcall.args, &regs.gpr[4], 9 * sizeof(regs.gpr[0]));
	check("KVM_SET_REGS", ioctl(v->vm.vcpu, KVM_SET_REGS, &regs), 0);
	pthread_create(&v->task, NULL, run, v);
}

static void begin_all(uint64_t msr, int idle)
{
	int i;

	memset(mem + PAGE_GPA, 0, 0x1000);
	for (i = 0; i < VCPUS; i++)
		begin(&vcpus[i], i == idle ? IDLE : LOOP, i == idle ? 0 : msr);
	usleep(30000);
}

static void end_all(void)
{
	int i;

	__atomic_store_n(word(0), htobe32(1), __ATOMIC_RELAXED);
	usleep(30000);
	for (i = 0; i < VCPUS; i++) {
		while (pthread_tryjoin_np(vcpus[i].task, NULL)) {
			pthread_kill(vcpus[i].task, SIGUSR1);
			usleep(10000);
		}
	}
}

/* Ends when the event has had its effect, or never will */
static void await(struct vcpu *v, unsigned int exits)
{
	int i;

	for (i = 0; i < 20 && v->exits < exits && !v->reason; i++)
		usleep(10000);
	usleep(20000);
}

/*
 * One error on @cpu, whose vcpu has that number.  @flags: what user space is to hear,
 * 0 for nothing; @vector: where the guest ends for it, 0 where it does anyway.
 */
static void one(const char *what, int cpu, uint64_t dsisr, uint64_t msr, unsigned int flags,
		unsigned long vector)
{
	struct vcpu *v = &vcpus[cpu];
	uint32_t before;
	int i;

	printf("failure: %s on CPU %d\n", what, cpu);
	begin_all(MSR_DR | msr, -1);
	fire(MACHINE_CHECK, cpu, IN_GUEST, SRR1_LOADSTORE, dsisr);
	await(v, flags ? 1 : ~0U);
	check_value("exits for it", v->exits, !!flags);
	check_value("they say", v->flags, flags);
	if (!vector) {
		before = counted(cpu);
		usleep(30000);
		check_value("the guest goes on", counted(cpu) != before, 1);
	}
	end_all();
	check_value("the guest ends at", v->vector, vector);
	for (i = 0; i < VCPUS; i++)
		if (i != cpu)
			check_value("a sibling ends at", vcpus[i].vector, 0);
}

static void no_leak(int cpu)
{
	struct vcpu *v = &vcpus[cpu];
	int i;

	printf("failure: one after the other on CPU %d\n", cpu);
	begin_all(MSR_DR | MSR_RI, -1);
	for (i = 1; i <= ROUNDS; i++) {
		v->flags = 0;
		fire(MACHINE_CHECK, cpu, IN_GUEST, SRR1_LOADSTORE,
		     i & 1 ? DSISR_ERAT : DSISR_UE);
		await(v, i);
		check_value("exits so far", v->exits, i);
		check_value("this one says", v->flags, i & 1 ?
			    KVM_RUN_PPC_NMI_DISP_FULLY_RECOV : KVM_RUN_PPC_NMI_DISP_NOT_RECOV);
	}
	end_all();
	check_value("the guest ends at", v->vector, 0);
}

static void napping(int cpu)
{
	struct vcpu *v = &vcpus[cpu];

	printf("failure: CPU %d naps\n", cpu);
	begin_all(MSR_DR | MSR_RI, cpu);
	fire(MACHINE_CHECK, cpu, NAPS, SRR1_LOADSTORE, DSISR_SLB);
	await(v, 1);
	check_value("exits for it", v->exits, 1);
	check_value("they say", v->flags, KVM_RUN_PPC_NMI_DISP_FULLY_RECOV);
	check_value("it idles on", v->reason, KVM_EXIT_NMI);
	end_all();
	check_value("what ended it", v->reason, KVM_EXIT_INTR);
}

/* Maintenance interrupts of CPU 0, the only one online */
static unsigned long hmis(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long n = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, " HMI: %lu", &n);
	if (file)
		fclose(file);
	return n;
}

/* A maintenance interrupt that no handler takes comes again and again */
static void maintenance(int cpu, int idle)
{
	unsigned long taken = hmis();
	uint32_t before, after;

	printf("failure: firmware is wanted on CPU %d, which %s\n", cpu, idle ? "naps" : "runs");
	begin_all(MSR_DR | MSR_RI, idle ? cpu : -1);
	before = counted(0);
	usleep(50000);
	before = counted(0) - before;
	fire(HMI, cpu, idle ? NAPS : IN_GUEST, 0, 0);
	usleep(20000);
	after = counted(0);
	usleep(50000);
	after = counted(0) - after;
	check_value("the guest runs half as fast afterwards", after < before / 2, 0);
	if (!cpu)
		check_value("taken by the host", hmis() - taken, 1);
	end_all();
	check_value("the guest ends at", vcpus[cpu].vector, 0);
}

static void make_vcpus(int shadow)
{
	int i;

	for (i = 0; i < VCPUS; i++) {
		vcpus[i].vm = vm;
		vcpus[i].nr = i;
		if (i) {
			open_vcpu(&vcpus[i].vm, i);
			check("KVM_CAP_PPC_PAPR", enable_papr(&vcpus[i].vm), 0);
		}
		set_slb(&vcpus[i].vm, i, shadow);
		set_keys(&vcpus[i].vm);
	}
}

static void make_vm(int shadow, int with_fwnmi)
{
	/* lwz r4,0(r9); addi r5,r5,1; stw r5,0(r10); cmpwi r4,0; beq; li r4,0 */
	const uint32_t loop[] = { LWZ_R4_R9, 0x38a50001, 0x90aa0000, 0x2c040000,
				  0x4182fff0, 0x38800000, LI_DONE, SC1 };
	/*
	 * The counter, which nobody else may have changed; H_TRIP each 1024 times.  It
	 * ends at 0xbad if it has another value than before.
	 */
	const uint32_t trips[] = {
		0x80ca0000, 0x7c062800, 0x40820034,		/* lwz r6,0(r10); cmpw r6,r5; bne */
		0x38a50001, 0x90aa0000,				/* addi r5,r5,1; stw r5,0(r10) */
		0x70a703ff, 0x4082000c,				/* andi. r7,r5,1023; bne */
		0x38600000 | H_TRIP, SC1,
		LWZ_R4_R9, 0x2c040000, 0x4182ffd4,		/* cmpwi r4,0; beq */
		0x38800000, LI_DONE, SC1,
		0x38800bad, LI_DONE, SC1,
	};
	/* H_CEDE again and again */
	const uint32_t idle[] = { 0x3c807fff, 0x7c9603a6, 0x38600000 | H_CEDE, SC1,
				  0x4bfffff0 };
	const uint64_t vectors[] = { 0x100, 0x200, 0x380, 0x400, 0x480, 0x700 };
	unsigned int i;

	open_guest(&vm, mem, MEM_SIZE);
	put_code(mem + LOOP, loop, ARRAY_SIZE(loop));
	put_code(mem + IDLE, idle, ARRAY_SIZE(idle));
	put_code(mem + TRIPS, trips, ARRAY_SIZE(trips));
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		const uint32_t code[] = { 0x38800000 | vectors[i], LI_DONE, SC1 };

		put_code(mem + vectors[i], code, ARRAY_SIZE(code));
	}
	check_value("H_ENTER", guest_hcall(&vm, H_ENTER, H_EXACT, PTEX, HPTE_V,
					   HPTE_R(PAGE_GPA) | HPTE_R_KEY), 0);
	if (with_fwnmi)
		fwnmi(&vm);
	make_vcpus(shadow);
}

static void close_vcpus(void)
{
	int i;

	for (i = 1; i < VCPUS; i++) {
		munmap(vcpus[i].vm.run, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
		close(vcpus[i].vm.vcpu);
	}
	close_vm(&vm);
}

/* ---- errors at any instruction ---- */

static uint64_t dice;

static unsigned int draw(unsigned int below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (dice >> 32) % below;
}

struct code {
	uint64_t low, high;	/* real addresses */
};

static void add(struct code *code, uint64_t addr, uint64_t size)
{
	if (!code->high || addr < code->low)
		code->low = addr;
	if (addr + size > code->high)
		code->high = addr + size;
}

/* KVM's code in real mode, and that by which an offline thread naps and wakes up */
static void find_code(struct code *kvm_code, struct code *nap_code)
{
	static const char * const names[] = {
		"kvmhv_rm_", "kvmhv_run_thread", "kvmhv_interrupt", "kvmhv_hcall", "kvmhv_isa206_",
		"kvmhv_power7_", "kvmhv_power8_",
	};
	FILE *file = fopen("/proc/kallsyms", "r");
	unsigned long addr;
	char line[256], type, name[128];
	unsigned int i;

	while (file && fgets(line, sizeof(line), file)) {
		if (strchr(line, '[') || sscanf(line, "%lx %c %127s", &addr, &type, name) != 3 ||
		    (type | 0x20) != 't')
			continue;
		addr &= ~(0xfUL << 60);
		/* the vectors are Linux's */
		if (!strcmp(name, "isa206_idle_insn_mayloss"))
			add(nap_code, addr, 0x80);
		else if (!strcmp(name, "idle_return_gpr_loss"))
			add(nap_code, addr, 0x60);
		for (i = 0; i < ARRAY_SIZE(names) && addr > 0x10000; i++)
			if (!strncmp(name, names[i], strlen(names[i])))
				add(kvm_code, addr, 0x400);
	}
	if (file)
		fclose(file);
	if (!kvm_code->high || !nap_code->high) {
		printf("FAIL no code in /proc/kallsyms\n");
		exit(1);
	}
}

static void fire_in(const struct code *code, int kind, int cpu, unsigned int skip)
{
	scom(LAB_SKIP, skip);
	scom(LAB_LOW, code->low);
	scom(LAB_HIGH, code->high);
	fire(kind, cpu, IN_CODE, SRR1_LOADSTORE, DSISR_SLB);
	scom(LAB_SKIP, 0);
}

/*
 * One that the host survives: firmware is wanted, or a machine check of the guest.
 * The CPU of a vcpu that idles hardly ever runs the guest.
 */
static void survivable(const struct code *code, int idle)
{
	static const uint32_t dsisr[] = { DSISR_SLB, DSISR_ERAT, DSISR_TLB };
	int cpu = draw(VCPUS), check = draw(2), skip = draw(300);

	if (!check) {
		fire_in(code, HMI, cpu, skip);
	} else {
		scom(LAB_SKIP, cpu == idle ? 0 : skip);
		fire(MACHINE_CHECK, cpu, cpu == idle ? NAPS : IN_GUEST, SRR1_LOADSTORE,
		     dsisr[draw(3)]);
		scom(LAB_SKIP, 0);
	}
}

/* All go on, with what they had */
static void check_goes_on(int idle)
{
	uint32_t before[VCPUS];
	int i, n;

	for (i = 0; i < VCPUS; i++)
		before[i] = counted(i);
	for (n = 0; n < 20; n++) {
		usleep(2000);
		for (i = 0; i < VCPUS; i++)
			if (i != idle && counted(i) == before[i])
				break;
		if (i == VCPUS)
			return;
	}
	check_value("a vcpu goes on", 0, 1);
}

static void check_registers(const struct vcpu *v)
{
	struct kvm_regs regs;
	int i;

	check("KVM_GET_REGS", ioctl(v->vm.vcpu, KVM_GET_REGS, &regs), 0);
	for (i = 14; i < 32; i++)
		check_value("a register", regs.gpr[i], own(v, i));
}

/*
 * The threads go in and out all the time.  After SWEEP errors that the host survives
 * there is one that it does not: main() waits for its last words.
 */
static void sweep(unsigned int seed)
{
	struct code kvm_code = {}, nap_code = {};
	int i, idle;

	find_code(&kvm_code, &nap_code);
	dice = (seed + 1) * 0x9e3779b97f4a7c15UL;
	draw(1);
	idle = draw(2) ? 3 : -1;
	make_vm(1, 1);
	memset(mem + PAGE_GPA, 0, 0x1000);
	for (i = 0; i < VCPUS; i++)
		begin(&vcpus[i], i == idle ? IDLE : TRIPS, i == idle ? 0 : MSR_DR | MSR_RI);
	usleep(10000);
	for (i = 0; i < SWEEP; i++) {
		survivable(&kvm_code, idle);
		check_goes_on(idle);
	}
	end_all();
	for (i = 0; i < VCPUS; i++) {
		check_value("the guest ends at", vcpus[i].vector, 0);
		check_registers(&vcpus[i]);
	}
	if (!summary("failure"))
		printf("failure: %d errors, the host goes on\n", SWEEP);

	memset(mem + PAGE_GPA, 0, 0x1000);
	for (i = 0; i < VCPUS; i++)
		begin(&vcpus[i], i == idle ? IDLE : TRIPS, i == idle ? 0 : MSR_DR | MSR_RI);
	usleep(10000);
	i = draw(VCPUS);
	if (i && !draw(3))
		fire_in(&nap_code, seed & 1 ? MACHINE_CHECK : SYSTEM_RESET, i, draw(20));
	else
		fire_in(&kvm_code, seed & 1 ? MACHINE_CHECK : SYSTEM_RESET, i, draw(300));
}

static void tell_kernel(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror("/dev/kmsg");
	close(fd);
}

/* KIND CPU WHERE, KIND CPU WHERE ... */
static void fire_all(char **args)
{
	struct code kvm_code = {}, nap_code = {};
	int kind, cpu, where;

	find_code(&kvm_code, &nap_code);
	delay_ns = 20000000;	/* the caller sleeps then, and the CPUs run guests */
	while (args[0] && args[1] && args[2]) {
		kind = atoi(*args++);
		cpu = atoi(*args++);
		where = atoi(*args++);
		if (where == IN_CODE)
			fire_in(&kvm_code, kind, cpu, 0);
		else
			fire(kind, cpu, where, SRR1_LOADSTORE, DSISR_SLB);
	}
}

int main(int argc, char **argv)
{
	enum { FULL = KVM_RUN_PPC_NMI_DISP_FULLY_RECOV, NOT = KVM_RUN_PPC_NMI_DISP_NOT_RECOV };

	setbuf(stdout, NULL);
	signal(SIGUSR1, no_action);
	scoms = open(SCOMS, O_RDWR);
	if (scoms < 0) {
		perror(SCOMS);
		return 1;
	}
	if (argc > 2 && !strcmp(argv[1], "fire")) {
		fire_all(argv + 2);
		return 0;
	}
	open_kvm();
	mem = must_map("memory", aligned_alloc(MEM_SIZE, MEM_SIZE));
	memset(mem, 0, MEM_SIZE);

	if (argc > 1) {
		if (argc == 3 && !strcmp(argv[1], "sweep")) {
			sweep(atoi(argv[2]));
		} else if (argc == 4) {
			make_vm(1, 0);
			begin_all(MSR_DR | MSR_RI, atoi(argv[3]) == NAPS ? atoi(argv[2]) : -1);
			printf("failure: event %s on CPU %s\n", argv[1], argv[2]);
			fire(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]), SRR1_LOADSTORE,
			     DSISR_SLB);
		}
		/*
		 * A thread waits a second for a crash of others first, and cannot write
		 * to the console: what it says comes with the next message.
		 */
		sleep(2);
		tell_kernel("failure: two seconds later");
		sleep(2);
		printf("FAIL the host is still there\n");
		return 1;
	}

	make_vm(1, 1);
	one("SLB multihit", 2, DSISR_SLB, MSR_RI, FULL, 0);
	one("SLB multihit", 0, DSISR_SLB, MSR_RI, FULL, 0);
	one("ERAT multihit", 3, DSISR_ERAT, MSR_RI, FULL, 0);
	one("TLB multihit", 1, DSISR_TLB, MSR_RI, FULL, 0);
	one("memory error", 1, DSISR_UE, MSR_RI, NOT, 0);
	one("MSR[RI] = 0", 2, DSISR_SLB, 0, NOT, 0);
	no_leak(2);
	no_leak(0);
	napping(2);
	maintenance(0, 0);
	maintenance(2, 0);
	maintenance(2, 1);
	close_vcpus();

	make_vm(1, 0);
	one("without FWNMI", 2, DSISR_SLB, MSR_RI, 0, 0);
	one("without FWNMI, memory error", 2, DSISR_UE, MSR_RI, 0, 0x200);
	close_vcpus();

	make_vm(0, 0);
	one("no shadow buffer", 1, DSISR_SLB, MSR_RI, 0, 0x200);
	close_vcpus();
	return summary("failure");
}
