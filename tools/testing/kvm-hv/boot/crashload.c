// SPDX-License-Identifier: GPL-2.0
/*
 * Runs on the emulated host: loads the kernel that is to dump this one after a crash.
 *
 *   crashload KERNEL INITRD COMMAND-LINE
 */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kexec.h>

static int must_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "usage: crashload KERNEL INITRD COMMAND-LINE");
	if (syscall(SYS_kexec_file_load, must_open(argv[1]), must_open(argv[2]),
		    strlen(argv[3]) + 1, argv[3], KEXEC_FILE_ON_CRASH))
		err(1, "kexec_file_load");
	return 0;
}
