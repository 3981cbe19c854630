/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* Legacy mode, plainly and slowly (veb_model.h): arrays that are searched from end to end. */
#include "common/veb_model.h"

#include <string.h>
#include "hal/hal.h"

struct veb_model veb_model;

static unsigned tpid_of(const struct veb_frame *frame)
{
	return (unsigned)(frame->byte[12] << 8 | frame->byte[13]);
}

static uint16_t vid_of(const struct veb_frame *frame)
{
	return tpid_of(frame) == 0x8100 ? (frame->byte[14] << 8 | frame->byte[15]) & 0xfff : 0;
}

void veb_frame_put_tag(struct veb_frame *frame, uint16_t tpid, uint16_t tci)
{
	const uint8_t tag[4] = {(uint8_t)(tpid >> 8), (uint8_t)tpid, (uint8_t)(tci >> 8),
				(uint8_t)tci};

	memmove(frame->byte + 16, frame->byte + 12, frame->len_bytes - 12);
	memcpy(frame->byte + 12, tag, 4);
	frame->len_bytes += 4;
}

/* The port whose own address it is: one in just this VLAN, or else one that is in all; the first that had it. */
static unsigned veb_model_own(uint16_t vid, const uint8_t *mac)
{
	unsigned best = VEB_MODEL_NOWHERE;
	unsigned i;

	for (i = 0; i < VEB_MODEL_NUM_QUEUED; i++) {
		const uint16_t port_vid = veb_model.port[i].tci & 0xfff;

		if (memcmp(veb_model.port[i].mac, mac, 6) != 0 || (port_vid && port_vid != vid))
			continue;
		if (best == VEB_MODEL_NOWHERE ||
		    (port_vid && !(veb_model.port[best].tci & 0xfff)) ||
		    (!port_vid == !(veb_model.port[best].tci & 0xfff) &&
		     veb_model.port[i].since < veb_model.port[best].since))
			best = i;
	}
	return best;
}

static struct veb_model_learnt *veb_model_learnt_at(uint16_t vid, const uint8_t *mac)
{
	unsigned i;

	for (i = 0; i < VEB_MODEL_MAX_LEARNT; i++) {
		if (veb_model.learnt[i].used && veb_model.learnt[i].vid == vid &&
		    !memcmp(veb_model.learnt[i].mac, mac, 6))
			return &veb_model.learnt[i];
	}
	return NULL;
}

static unsigned veb_model_learnt_port(uint16_t vid, const uint8_t *mac)
{
	const struct veb_model_learnt *entry = veb_model_learnt_at(vid, mac);

	return entry && entry->last_us + veb_model.ageing_us >= hal_time_us() ? entry->port
									      : VEB_MODEL_NOWHERE;
}

unsigned veb_model_find(uint16_t vid, const uint8_t *mac)
{
	const unsigned own = veb_model_own(vid, mac);

	return own != VEB_MODEL_NOWHERE ? own : veb_model_learnt_port(vid, mac);
}

void veb_model_learn(const struct veb_frame *frame)
{
	static const uint8_t none[6];
	const uint8_t *mac = frame->byte + 6;
	const uint16_t vid = vid_of(frame);
	struct veb_model_learnt *entry;

	if (!frame->len_bytes || mac[0] & 1 || !memcmp(mac, none, 6) ||
	    frame->from == VEB_MODEL_OTHER || veb_model.port[frame->from].is_down ||
	    (veb_model.is_vepa && frame->from == VEB_MODEL_UPLINK) ||
	    veb_model_own(vid, mac) != VEB_MODEL_NOWHERE)
		return;
	entry = veb_model_learnt_at(vid, mac);
	if (!entry) {
		for (entry = veb_model.learnt; entry->used; entry++)
			;
	}
	*entry = (struct veb_model_learnt){true, vid, {0}, frame->from, hal_time_us()};
	memcpy(entry->mac, mac, 6);
}

/* There are so few that the card looks at all of them each time. */
void veb_model_age(void)
{
	unsigned i;

	for (i = 0; i < VEB_MODEL_MAX_LEARNT; i++)
		veb_model.learnt[i].used &=
			veb_model.learnt[i].last_us + veb_model.ageing_us >= hal_time_us();
}

void veb_model_forget(void)
{
	memset(veb_model.learnt, 0, sizeof(veb_model.learnt));
}

/* What was learnt of an address gives way to a port that has it in just that VLAN. */
void veb_model_port_changed(unsigned port)
{
	unsigned i;

	veb_model.port[port].since = ++veb_model.num_changes;
	for (i = 0; i < VEB_MODEL_MAX_LEARNT; i++) {
		if (veb_model.learnt[i].used && veb_model.learnt[i].vid &&
		    veb_model.port[port].tci &&
		    veb_model.learnt[i].vid == (veb_model.port[port].tci & 0xfff) &&
		    !memcmp(veb_model.learnt[i].mac, veb_model.port[port].mac, 6))
			veb_model.learnt[i].used = false;
	}
}

/* The frame enters: what the administrator of the port makes of it. */
void veb_model_enter(struct veb_frame *frame)
{
	const struct veb_model_port *port = &veb_model.port[frame->from];
	const bool is_tagged = tpid_of(frame) == 0x8100 || tpid_of(frame) == 0x88a8;

	if (port->checks_source &&
	    (memcmp(frame->byte + 6, port->mac, 6) != 0 || (port->tci && is_tagged))) {
		veb_model.num_spoofed++;
		frame->len_bytes = 0;
		return;
	}
	if (port->tci)
		veb_frame_put_tag(frame, 0x8100, port->tci);
	if (port->is_down)
		frame->len_bytes = 0;
}

static void veb_model_flood(struct veb_frame *frame, bool to_all, unsigned owner)
{
	unsigned num = 0;
	unsigned i;

	for (i = 0; i < VEB_MODEL_OTHER; i++) {
		const uint16_t vid = veb_model.port[i].tci & 0xfff;

		frame->to[i] = i != frame->from && i != owner && !veb_model.port[i].is_down &&
			       (!vid || vid == vid_of(frame)) &&
			       (to_all || veb_model.port[i].promiscuous);
		num += frame->to[i];
	}
	veb_model.num_unknown += !num;
}

static void veb_model_from_uplink(struct veb_frame *frame)
{
	const uint16_t vid = vid_of(frame);
	const uint8_t *src = frame->byte + 6;
	const bool is_group = frame->byte[0] & 1;
	unsigned owner = veb_model.is_vepa ? veb_model_find(vid, src) : veb_model_own(vid, src);
	unsigned port = is_group ? VEB_MODEL_NOWHERE : veb_model_find(vid, frame->byte);

	if (port == VEB_MODEL_NOWHERE)
		veb_model_flood(frame, is_group, owner);
	else if (port == VEB_MODEL_UPLINK || port == owner)
		veb_model.num_same++;
	else
		frame->to[port] = true;
}

void veb_model_switch(struct veb_frame *frame)
{
	unsigned port;

	memset(frame->to, 0, sizeof(frame->to));
	if (!frame->len_bytes)
		return;
	if (frame->from == VEB_MODEL_OTHER) {
		veb_model.num_other++;
	} else if (frame->from == VEB_MODEL_UPLINK) {
		veb_model_from_uplink(frame);
	} else if (veb_model.is_vepa) {
		frame->to[VEB_MODEL_UPLINK] = true;
	} else if (frame->byte[0] & 1) {
		veb_model_flood(frame, true, VEB_MODEL_NOWHERE);
	} else {
		port = veb_model_find(vid_of(frame), frame->byte);
		if (port == frame->from)
			veb_model.num_same++;
		else
			frame->to[port == VEB_MODEL_NOWHERE ? VEB_MODEL_UPLINK : port] = true;
	}
}

/* As it leaves by a port; 0 bytes: it does not. */
struct veb_frame veb_model_leave(const struct veb_frame *frame, unsigned port)
{
	struct veb_frame out = *frame;

	if (veb_model.port[port].is_down)
		out.len_bytes = 0;
	if (!out.len_bytes || !veb_model.port[port].tci)
		return out;
	if (tpid_of(frame) != 0x8100 || vid_of(frame) != (veb_model.port[port].tci & 0xfff)) {
		out.len_bytes = 0;
		return out;
	}
	out.len_bytes -= 4;
	memmove(out.byte + 12, out.byte + 16, out.len_bytes - 12);
	return out;
}
