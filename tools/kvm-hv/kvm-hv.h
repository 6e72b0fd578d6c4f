/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvm-hv: a small VMM for PAPR guests on hypervisor-mode KVM.
 *
 * One thread a vcpu, one for the console.  Whoever is not inside KVM_RUN and
 * touches the VM holds vm.lock, so nothing here needs a lock of its own.
 */
#ifndef KVM_HV_H
#define KVM_HV_H

#include <endian.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <linux/kvm.h>
#include <asm/kvm.h>

#include "hcalls.h"

#define KVM_HV_VERSION	"1.0"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT_ULL(n)	(1ULL << (n))
#define MIB		BIT_ULL(20)
#define fallthrough	__attribute__((__fallthrough__))

#define MAX_CPUS	256
#define MAX_THREADS	8

#define MSR_SF		BIT_ULL(63)
#define MSR_ME		BIT_ULL(12)

/* main.c: what the command line says */
enum irqchip { IRQCHIP_AUTO, IRQCHIP_KERNEL, IRQCHIP_USER };

struct config {
	const char *kernel, *initrd, *append;
	const char *hugepages_path, *testdev_file;
	uint64_t mem, testdev;
	unsigned int cpus, threads, htab_order, timeout;
	enum irqchip irqchip;
	bool flat, hugepages, rma, no_cas, no_reboot, stats, has_testdev;
};

extern struct config config;

/* One line "kvm-hv: ...", exit status 1; die_errno() adds errno's text */
void __noreturn __printf(1, 2) die(const char *fmt, ...);
void __noreturn __printf(1, 2) die_errno(const char *fmt, ...);
void __printf(1, 2) warn(const char *fmt, ...);

/* vm.c: the VM and its memory */
struct ram {
	uint64_t start, size;
	uint8_t *host;
};

struct vcpu {
	unsigned int index;
	unsigned long id;		/* of KVM, and the guest's server number */
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool started;			/* by us or start-cpu, not by stop-self */
	bool in_run;			/* inside KVM_RUN */
	bool line;			/* external interrupt of irqchip user */
	uint64_t ns_in_run, ns_outside, since;	/* for --stats */
};

struct vm {
	int kvm, fd;
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* in_run, started, paused, ended */
	struct ram ram[2];
	unsigned int nr_ram;
	uint64_t page_size;		/* the smallest behind guest memory */
	uint64_t rma_size;		/* what the guest reaches in real mode */
	unsigned int htab_order;
	unsigned int stride;		/* vcpu ids of a core */
	struct kvm_ppc_smmu_info smmu;
	uint64_t rtas, initrd_start, initrd_end;
	struct vcpu cpus[MAX_CPUS];
	bool paused, ended;
	int status;			/* of the process, once ended */
};

extern struct vm vm;

void vm_create(void);
void vm_add_memory(void);
void vm_load(void);
void vm_reset(void);
void vm_end(int status);
void *guest_ptr(uint64_t addr, uint64_t len);
int kvm_cap(int cap);
int xioctl(int fd, unsigned long req, const char *what, unsigned long arg);

#define IOCTL(fd, req, arg)	xioctl(fd, req, #req, (unsigned long)(arg))

/* vcpu.c */
void vcpus_create(void);
void vcpus_run(void);
void vcpus_join(void);
void vcpus_pause(void);
void vcpus_resume(void);
void vcpus_kick(void);
void vcpu_reset(struct vcpu *v);
void vcpu_start(struct vcpu *v, uint64_t pc, uint64_t r3);
void vcpu_stop(struct vcpu *v);
void vcpu_finish_exit(struct vcpu *v);
void vcpu_irq_line(struct vcpu *v, bool level);
bool vcpu_set_reg(struct vcpu *v, uint64_t id, uint64_t val);
bool vcpu_get_reg(struct vcpu *v, uint64_t id, uint64_t *val);
uint32_t vcpu_pvr(void);
void vcpu_dump(struct vcpu *v);
struct vcpu *vcpu_by_id(uint64_t id);

/* elf.c */
struct file {
	const char *name;
	const uint8_t *data;
	uint64_t size;
};

struct file file_map(const char *option, const char *name);
uint64_t kernel_load(uint64_t *end);

/* fdt.c */
#define FDT_MAX_SIZE	(512 * 1024)	/* enough for MAX_CPUS */

const void *fdt_build(int *size);

/* hcall.c */
long hcall(struct vcpu *v, uint64_t nr, uint64_t *args);

/* cas.c: H_CAS, ibm,client-architecture-support */
long h_cas(const uint64_t *args);
uint32_t cas_cpu_version(void);
void cas_reset(void);

/* rtas.c */
#define RTAS_BLOB_SIZE	20
#define RTAS_AREA	0x10000		/* a page of its own, whatever its size */

long h_rtas(struct vcpu *v, uint64_t args);
void rtas_write_blob(void *blob);
void rtas_fdt(void (*u32)(const char *name, uint32_t val));
uint32_t rtas_token(const char *name);

/* xics.c */
#define XICS_IRQ_BASE	0x1000
#define XICS_NR_IRQS	16
#define IRQ_CONSOLE	XICS_IRQ_BASE

void xics_create(void);
void xics_connect(struct vcpu *v);
void xics_reset(void);
void xics_pulse(uint32_t irq);
bool xics_hcall(struct vcpu *v, uint64_t nr, uint64_t *args, long *ret);
int xics_set_xive(uint32_t irq, uint32_t server, uint32_t prio);
int xics_get_xive(uint32_t irq, uint32_t *server, uint32_t *prio);
int xics_int_off(uint32_t irq);
int xics_int_on(uint32_t irq);

/* console.c */
#define VTY_UNIT	0x71000000

void console_init(void);
void console_loop(void);
void console_put(const void *buf, size_t len);
size_t console_get(void *buf, size_t len);

/* mmio.c */
void mmio(struct vcpu *v, uint64_t addr, uint8_t *data, unsigned int len, bool write);

/* testdev.c */
#define TESTDEV_SIZE	0x10000

void testdev_init(void);
bool testdev_access(struct vcpu *v, uint64_t addr, uint8_t *data,
		    unsigned int len, bool write);
void testdev_print(FILE *f);

/* stats.c */
void stats_in(struct vcpu *v);
void stats_out(struct vcpu *v);
void stats_exit(unsigned int reason);
void stats_hcall(uint64_t nr, bool unknown);
void stats_print(FILE *f);
const char *exit_name(unsigned int reason);

#endif
