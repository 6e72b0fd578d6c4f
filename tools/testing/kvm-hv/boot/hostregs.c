// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: do the FP, VMX and VSX registers of
 * user space survive KVM_RUN, and its TAR, DSCR and VRSAVE, and those of the guest
 * what user space does?  Registers that a trip leaves alone while they are 0 are not 0
 * one by one: what the guest has in them is kept, and user space does not see it.
 *
 * hostregs 1: the vcpu is number 1, so that on a POWER8 another hardware thread runs
 * the guest, and that of the program has nothing to do meanwhile.  The guest sends it
 * a doorbell, which no vcpu is there for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "lib.h"

#define MEM_SIZE	(16UL << 20)
#define GUEST_PC	0x100
#define BRANCH_TO_SELF	0x48000000
#define LIS_R4_DOORBELL	0x3c802800	/* type 5, to thread 0 */
#define MSGSNDP_R4	0x7c00211c
#define NR_VSR		64

struct regs {
	uint64_t vsr[NR_VSR][2];
	uint64_t fpscr;
	uint64_t pad;
	uint64_t vscr[2];
	uint64_t tar, dscr, vrsave;
};

static struct vm vm;
static char *mem;
static int vcpu_id;

#define EACH_VSR								\
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,"	\
	"23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,"	\
	"45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63\n"

#define CLOBBER_8(a, b, c, d, e, f, g, h) \
	"vs" #a, "vs" #b, "vs" #c, "vs" #d, "vs" #e, "vs" #f, "vs" #g, "vs" #h

/* ioctl(fd, KVM_RUN) with registers @in; what is in them afterwards goes to @out */
static int run_with(const struct regs *in, struct regs *out)
{
	register long r0 asm("r0") = SYS_ioctl;
	register long r3 asm("r3") = vm.vcpu;
	register long r4 asm("r4") = KVM_RUN;
	register long r5 asm("r5") = 0;
	register const struct regs *from asm("r14") = in;
	register struct regs *to asm("r15") = out;
	long cr;

	asm volatile(".machine push; .machine power8\n"
		     "lfd 0,1024(%5); mtfsf 0xff,0\n"
		     "addi 6,%5,1040; lxvd2x 32,0,6; mtvscr 0\n"
		     "ld 6,1056(%5); mtspr 815,6; ld 6,1064(%5); mtspr 3,6\n"
		     "ld 6,1072(%5); mtspr 256,6\n"
		     "mr 6,%5\n"
		     EACH_VSR "lxvd2x \\n,0,6; addi 6,6,16\n.endr\n"
		     "sc\n"
		     "mfcr %4; mr 6,%6\n"
		     EACH_VSR "stxvd2x \\n,0,6; addi 6,6,16\n.endr\n"
		     "mffs 0; stfd 0,1024(%6)\n"
		     "mfvscr 0; addi 6,%6,1040; stxvd2x 32,0,6\n"
		     "mfspr 6,815; std 6,1056(%6); mfspr 6,3; std 6,1064(%6)\n"
		     "mfspr 6,256; std 6,1072(%6)\n"
		     ".machine pop" :
		     "+r" (r0), "+r" (r3), "+r" (r4), "+r" (r5), "=&r" (cr) :
		     "b" (from), "b" (to) :
		     "memory", "cr0", "ctr", "xer", "r6", "r7", "r8", "r9",
		     "r10", "r11", "r12",
		     CLOBBER_8(0, 1, 2, 3, 4, 5, 6, 7),
		     CLOBBER_8(8, 9, 10, 11, 12, 13, 14, 15),
		     CLOBBER_8(16, 17, 18, 19, 20, 21, 22, 23),
		     CLOBBER_8(24, 25, 26, 27, 28, 29, 30, 31),
		     CLOBBER_8(32, 33, 34, 35, 36, 37, 38, 39),
		     CLOBBER_8(40, 41, 42, 43, 44, 45, 46, 47),
		     CLOBBER_8(48, 49, 50, 51, 52, 53, 54, 55),
		     CLOBBER_8(56, 57, 58, 59, 60, 61, 62, 63));
	return cr & 0x10000000 ? r3 : 0;
}

/* Other values for each register and round; a rounding mode and saturation */
static void fill(struct regs *regs, uint64_t seed)
{
	int i;

	memset(regs, 0, sizeof(*regs));
	for (i = 0; i < NR_VSR; i++) {
		regs->vsr[i][0] = seed * 0x9e3779b97f4a7c15UL + i;
		regs->vsr[i][1] = ~regs->vsr[i][0] ^ seed;
	}
	regs->fpscr = seed & 3;
	regs->vscr[1] = seed & 1;	/* SAT, in the last word of the register */
	regs->tar = seed * 0x9e3779b97f4a7c15UL & ~3UL;
	regs->dscr = seed % 7;		/* default prefetch depth */
	regs->vrsave = (uint32_t)~seed;
}

static uint64_t reg_id(int i)
{
	return i < 32 ? KVM_REG_PPC_VSR(i) : KVM_REG_PPC_VR(i - 32);
}

static int one_reg(unsigned long req, uint64_t id, void *val)
{
	struct kvm_one_reg r = { .id = id, .addr = (unsigned long)val };

	return ioctl(vm.vcpu, req, &r);
}

static void set_guest_regs(struct regs *regs)
{
	uint32_t vscr = regs->vscr[1];
	int i, rc = 0;

	for (i = 0; i < NR_VSR; i++)
		rc |= one_reg(KVM_SET_ONE_REG, reg_id(i), regs->vsr[i]);
	rc |= one_reg(KVM_SET_ONE_REG, KVM_REG_PPC_FPSCR, &regs->fpscr);
	rc |= one_reg(KVM_SET_ONE_REG, KVM_REG_PPC_VSCR, &vscr);
	check("set the guest's registers", rc, 0);
}

static void check_guest_regs(const struct regs *regs)
{
	uint64_t val[2], fpscr = 0;
	uint32_t vscr = 0;
	int i, wrong = 0;

	for (i = 0; i < NR_VSR; i++)
		if (one_reg(KVM_GET_ONE_REG, reg_id(i), val) ||
		    memcmp(val, regs->vsr[i], sizeof(val)))
			wrong++;
	check_value("registers of the guest that changed", wrong, 0);
	one_reg(KVM_GET_ONE_REG, KVM_REG_PPC_FPSCR, &fpscr);
	one_reg(KVM_GET_ONE_REG, KVM_REG_PPC_VSCR, &vscr);
	check_value("the guest's FPSCR", fpscr, regs->fpscr);
	check_value("the guest's VSCR", vscr, regs->vscr[1]);
}

static void set_guest(uint32_t first, uint32_t second)
{
	struct kvm_regs regs = { .pc = GUEST_PC + (vcpu_id ? 0 : 8), .msr = MSR_SF };
	const uint32_t insn[] = { LIS_R4_DOORBELL, MSGSNDP_R4, first, second };

	put_code(mem + GUEST_PC, insn, 4);
	check("KVM_SET_REGS", ioctl(vm.vcpu, KVM_SET_REGS, &regs), 0);
}

/* One trip, which ends in user space (0), or many, until a signal comes (EINTR) */
static void run_guest(const struct regs *in, struct regs *out, int want)
{
	const struct itimerval a_while = { .it_value.tv_usec = 200000 };

	if (want) {
		set_guest(BRANCH_TO_SELF, BRANCH_TO_SELF);
		setitimer(ITIMER_REAL, &a_while, NULL);
	} else {
		set_guest(LI_DONE, SC1);
	}
	check_value("KVM_RUN", run_with(in, out), want);
	vm.run->papr_hcall.ret = 0;
}

static void round_trip(uint64_t seed, int want)
{
	struct regs host, guest, after;
	int i, wrong = 0;

	fill(&host, seed);
	fill(&guest, ~seed);
	memset(&after, 0, sizeof(after));
	set_guest_regs(&guest);
	run_guest(&host, &after, want);
	/* once more, with what the first time has left of the guest's */
	run_guest(&host, &after, want);
	for (i = 0; i < NR_VSR; i++)
		wrong += !!memcmp(after.vsr[i], host.vsr[i], sizeof(host.vsr[i]));
	check_value("registers of user space that changed", wrong, 0);
	check_value("user space's FPSCR", after.fpscr & 0xff, host.fpscr);
	check_value("user space's VSCR", after.vscr[0] | after.vscr[1],
		    host.vscr[1]);
	check_value("user space's TAR", after.tar, host.tar);
	check_value("user space's DSCR", after.dscr, host.dscr);
	check_value("user space's VRSAVE", after.vrsave, host.vrsave);
	check_guest_regs(&guest);
}

/* Each not 0 by itself.  What is in the monitor, user space can read by @user. */
static const struct {
	const char *name;
	uint64_t id, val;
	int user;
} alone[] = {
	{ "PMC1", KVM_REG_PPC_PMC1, 0x1001, 771 },
	{ "PMC2", KVM_REG_PPC_PMC2, 0x1002, 772 },
	{ "PMC3", KVM_REG_PPC_PMC3, 0x1003, 773 },
	{ "PMC4", KVM_REG_PPC_PMC4, 0x1004, 774 },
	{ "PMC5", KVM_REG_PPC_PMC5, 0x1005, 775 },
	{ "PMC6", KVM_REG_PPC_PMC6, 0x1006, 776 },
	{ "SIAR", KVM_REG_PPC_SIAR, 0x1010, 780 },
	{ "SDAR", KVM_REG_PPC_SDAR, 0x1020, 781 },
	{ "EBBHR", KVM_REG_PPC_EBBHR, 0x1030 },
	{ "EBBRR", KVM_REG_PPC_EBBRR, 0x1040 },
	{ "BESCR", KVM_REG_PPC_BESCR, 3 },
	{ "CIABR", KVM_REG_PPC_CIABR, 0x2002 },
	{ "DAWR", KVM_REG_PPC_DAWR, 0x3000 },
	{ "DAWRX", KVM_REG_PPC_DAWRX, 3 },
};

static uint64_t monitor(int reg)
{
	uint64_t v = 0;

	switch (reg) {
	case 771:
		asm volatile("mfspr %0,771" : "=r" (v));
		break;
	case 772:
		asm volatile("mfspr %0,772" : "=r" (v));
		break;
	case 773:
		asm volatile("mfspr %0,773" : "=r" (v));
		break;
	case 774:
		asm volatile("mfspr %0,774" : "=r" (v));
		break;
	case 775:
		asm volatile("mfspr %0,775" : "=r" (v));
		break;
	case 776:
		asm volatile("mfspr %0,776" : "=r" (v));
		break;
	case 780:
		asm volatile("mfspr %0,780" : "=r" (v));
		break;
	case 781:
		asm volatile("mfspr %0,781" : "=r" (v));
		break;
	}
	return v;
}

/* As many bytes as its number says, in the host's order */
static uint64_t get_reg(uint64_t id)
{
	uint64_t v = 0;
	uint32_t w = 0;

	if ((id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U64)
		return one_reg(KVM_GET_ONE_REG, id, &v) ? -1UL : v;
	return one_reg(KVM_GET_ONE_REG, id, &w) ? -1UL : w;
}

static void set_reg(uint64_t id, uint64_t v)
{
	uint32_t w = v;
	int rc;

	rc = one_reg(KVM_SET_ONE_REG, id,
		     (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U64 ? (void *)&v : &w);
	check("set one register", rc, 0);
}

static void check_alone(void)
{
	struct regs host, after;
	char what[40];
	unsigned int i, k;

	fill(&host, 1);
	for (i = 0; i < ARRAY_SIZE(alone); i++) {
		set_reg(alone[i].id, alone[i].val);
		run_guest(&host, &after, 0);
		for (k = 0; k < ARRAY_SIZE(alone); k++) {
			snprintf(what, sizeof(what), "%s with %s set", alone[k].name,
				 alone[i].name);
			check_value(what, get_reg(alone[k].id), k == i ? alone[k].val : 0);
			snprintf(what, sizeof(what), "%s in user space", alone[k].name);
			check_value(what, monitor(alone[k].user), 0);
		}
		set_reg(alone[i].id, 0);
	}
}

static void no_action(int sig)
{
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = no_action };
	uint64_t i;

	open_kvm();
	mem = must_map("memory", mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	open_vm(&vm, VM_HV);
	if (argc > 1) {
		vcpu_id = atoi(argv[1]);
		open_vcpu(&vm, vcpu_id);
	}
	check("KVM_CAP_PPC_PAPR", enable_papr(&vm), 0);
	check("memory at 0", set_slot(&vm, 0, 0, mem, MEM_SIZE, 0), 0);

	/* each 64th trip is different */
	for (i = 1; i <= (vcpu_id ? 40 : 150); i++)
		round_trip(i, 0);
	check_alone();
	sigaction(SIGALRM, &sa, NULL);
	for (i = 1; i <= (vcpu_id ? 1 : 5); i++)
		round_trip(i, EINTR);
	close_vm(&vm);
	return summary("hostregs");
}
