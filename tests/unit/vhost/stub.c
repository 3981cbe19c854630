/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* What the commands of xvio-vhost call that is a thread, a socket or libvhost-user in the program. */
#include "hal/vhost/vhost.h"
#include "link.h"
#include "stub.h"

unsigned stub_links;
bool stub_sleeps;

struct link *link_open(struct vport *port, const char **why)
{
	*why = "the stub refuses";
	stub_links++;
	return (struct link *)port;
}

void link_close(struct link *link)
{
	stub_links -= link != NULL;
}

json_t *link_show(const struct link *link)
{
	return json_pack("{s:b}", "connected", link == NULL);
}

void vhost_set_sleep(bool sleeps)
{
	stub_sleeps = sleeps;
}
