/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The workers' loads (workers.h), as the path counts them. Core 0. */
#include "workers.h"

#include "hal/hal.h"
#include "path/core.h"
#include "path/stats.h"

static json_t *workers_show_one(unsigned core, const struct core_load *load)
{
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I}", "core", (int)core, "busy_cycles",
			 (json_int_t)stats_read(&load->busy_cycles), "idle_cycles",
			 (json_int_t)stats_read(&load->idle_cycles), "busy_rounds",
			 (json_int_t)stats_read(&load->busy_rounds), "idle_rounds",
			 (json_int_t)stats_read(&load->idle_rounds), "packets",
			 (json_int_t)stats_read(&load->num_received));
}

json_t *workers_show(void)
{
	json_t *cores = json_array();
	unsigned core;

	for (core = 1; core < hal_num_cores(); core++)
		json_array_append_new(cores, workers_show_one(core, core_load(core)));
	return cores;
}
