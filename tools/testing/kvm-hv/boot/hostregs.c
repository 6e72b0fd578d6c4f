// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host, without QEMU: do the FP, VMX and VSX registers of
 * user space survive KVM_RUN, and its TAR, DSCR and VRSAVE, and those of the guest
 * what user space does?
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
	sigaction(SIGALRM, &sa, NULL);
	for (i = 1; i <= (vcpu_id ? 1 : 5); i++)
		round_trip(i, EINTR);
	close_vm(&vm);
	return summary("hostregs");
}
