/* The skeleton that bpftool makes of bpf/, and the settings it holds. */
#ifndef TOCSIN_PROGRAMS_H
#define TOCSIN_PROGRAMS_H

#include <linux/types.h>
#include "../../bpf/settings.h"
#include "agent.skel.h"

#endif
