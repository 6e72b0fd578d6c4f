/* SPDX-License-Identifier: GPL-2.0-only */
#include "../kernel.h"

struct obj_cgroup;
