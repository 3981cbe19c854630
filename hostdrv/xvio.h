/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xvio.ko: what one card is to the driver, and what its files offer each other. One struct xvio per
 * PCI function, the private area of its devlink instance. Locks, outermost first: the vdpa core's,
 * the eswitch's, devlink's, rtnl, the list of vDPA devices', a vDPA device's, the mailbox's; spinlocks never nest.
 *
 * The firmware may die at any time and is restarted (recover.c). Whoever sends a command meanwhile
 * waits, with all the locks it has, so that the restart takes none but devlink's, which nobody has who
 * waits, and the mailbox's. Therefore: what the restart brings back is changed under the mailbox's lock,
 * together with the command that tells the card (xvio_cmd.done).
 */
#ifndef XVIO_H
#define XVIO_H

#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>
#include <linux/vdpa.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <net/devlink.h>
#include <net/flow_offload.h>

#include <xvio/event.h>
#include <xvio/flow.h>
#include <xvio/mbox.h>
#include <xvio/pci.h>
#include <xvio/port.h>
#include <xvio/regs.h>
#include <xvio/stats.h>
#include <xvio/trace.h>

#define XVIO_DRIVER_NAME "xvio"

/* Vectors: 0 events, 1 the PF's queues, 2 virtqueues without one of their own, then one each. */
#define XVIO_VECTOR_PAIR      1
#define XVIO_VECTOR_SHARED    2
#define XVIO_VECTOR_EXCLUSIVE 3

enum xvio_card_state {
	XVIO_CARD_ALIVE,
	XVIO_CARD_DOWN, /* it has failed and may be restarted: commands wait */
	XVIO_CARD_DEAD, /* off the bus; nothing is sent any more, unless it is restarted by hand */
};

struct xvio_mbox {
	struct mutex lock; /* one command at a time, and what a restart brings back */
	struct completion done;
	wait_queue_head_t settled; /* woken when the card is DOWN no more */
	enum xvio_card_state state; /* ALIVE to DOWN by anybody, under no lock */
	const char *why; /* it is not ALIVE */
	ktime_t failed_at;
	struct task_struct *restarter; /* has the lock, and may send while the card is DOWN */
	struct task_struct *hasty; /* has devlink's lock: a restart could not come while it waits */
	u32 generation; /* of the SoC we talk to */
	u32 seq; /* of the last command */
};

/* One that is called when a vector fires. */
struct xvio_irq_user {
	struct list_head node; /* on its vector's list */
	struct vdpa_callback cb; /* under the vector's lock */
};

struct xvio_vector {
	spinlock_t lock; /* users and their callbacks */
	struct list_head users;
	unsigned int index;
	int irq;
	bool taken; /* under xvio_irq.lock */
	char name[32];
};

struct xvio_irq {
	struct mutex lock; /* who has which vector */
	struct xvio_vector *vectors;
	unsigned int num_vectors;
	u32 event_tail; /* events taken; the event thread's alone */
	bool has_restarted; /* for the event thread: there is another ring */
};

/*
 * Driver side of a split virtqueue. A slot is a fixed chain of descs_per_slot descriptors, so that
 * a slot's number times descs_per_slot is the head the card returns.
 */
struct xvio_ring {
	struct xvio *xv;
	u16 queue; /* the card's number, and the doorbell's */
	u16 size;
	u16 descs_per_slot;
	u16 num_slots;
	u16 num_free;
	u16 avail_idx;
	u16 used_idx;
	bool broken; /* the card returned what it had not been given */
	bool started; /* the card has it; under the mailbox's lock */
	u16 *free_slots; /* stack */
	unsigned long *in_use; /* bitmap of slots */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	dma_addr_t dma;
	size_t bytes;
};

struct xvio_tx_slot {
	struct sk_buff *skb;
	dma_addr_t dma;
};

struct xvio_tx {
	spinlock_t lock; /* ring and slots: senders of all netdevs against completion */
	struct xvio_ring ring;
	struct xvio_tx_slot *slots;
	struct xvio_pkt_meta *meta; /* one for each slot, coherent */
	dma_addr_t meta_dma;
	bool stopped; /* some netdev waits for a free slot */
	bool frozen; /* nothing is sent, the card is being restarted */
};

struct xvio_rx_slot {
	void *buf;
	dma_addr_t dma;
};

struct xvio_rx {
	struct xvio_ring ring;
	struct xvio_rx_slot *slots;
	unsigned int buf_bytes;
};

/* The PF's two queues, which its netdev and all representors share. */
struct xvio_pair {
	struct napi_struct napi;
	struct xvio_rx rx;
	struct xvio_tx tx;
	unsigned int users; /* open netdevs, under rtnl */
	bool running; /* napi is enabled, the interrupt handler may schedule it; under the mailbox's lock */
};

struct xvio_health {
	struct delayed_work work;
	struct devlink_health_reporter *reporter;
	bool watches; /* a card that fails is restarted; under the mailbox's lock */
	/* The work's alone, and the restart's while the card is not ALIVE: */
	u64 heartbeat;
	unsigned int still_ms; /* for so long it has not changed */
	unsigned long looked_at; /* jiffies */
	unsigned int num_runs; /* of the firmware that we have seen: 1, and one for each restart */
	unsigned int failed_run; /* the last one that was reported to devlink; the work's alone */
	unsigned int last_outage_ms;
};

struct xvio_mgmt {
	struct vdpa_mgmt_dev dev;
	struct mutex lock; /* devices */
	struct xarray devices; /* by the card's id: struct xvio_vdpa */
	struct list_head on_card; /* struct xvio_vdpa, under the mailbox's lock */
};

/* What the PF's owner has set of VFs; under the mailbox's lock. */
struct xvio_sriov {
	unsigned int num; /* that the card has */
	struct xvio_cmd_vf set[XVIO_NUM_VFS];
};

/* Mode, and the ports that have representors in switchdev mode. */
struct xvio_eswitch {
	struct mutex lock; /* ports, and making and removing their representors */
	DECLARE_BITMAP(ports, XVIO_NUM_PORTS);
	struct xvio_cmd_eswitch set; /* changed under rtnl and the mailbox's lock */
};

/* What the PF's netdev wants to hear, told by a work of its own. */
struct xvio_rx_mode {
	struct work_struct work;
	bool promisc; /* as the card was told; the work's alone */
};

struct xvio {
	struct pci_dev *pdev;
	struct devlink *devlink;
	void __iomem *regs;
	void __iomem *doorbells;
	struct xvio_dev_info info;
	struct xvio_mbox mbox;
	struct xvio_irq irq;
	struct xvio_pair pair;
	struct net_device *netdev; /* the PF's */
	struct xvio_rx_mode rx_mode;
	struct xvio_eswitch eswitch;
	struct xarray reprs; /* by port: struct xvio_repr; changed under rtnl, read under RCU */
	struct rhashtable flows_by_name; /* under rtnl */
	struct list_head flows; /* all that tc has added, under rtnl */
	u64 next_flow_cookie; /* under rtnl */
	struct list_head flows_on_card; /* in their order; under the mailbox's lock */
	struct hlist_head meters[1 << 8]; /* struct xvio_meter, under rtnl */
	struct ida meter_ids;
	struct list_head meters_on_card; /* under the mailbox's lock */
	struct xarray samples; /* groups of packets sampled; changed under rtnl, read under RCU */
	void *trap_trapped, *trap_sampled; /* devlink's names for the traps */
	/* What has been set of ports, 0 elsewhere; under the mailbox's lock */
	struct xvio_cmd_port_set port_set[XVIO_NUM_PORTS];
	struct xvio_sriov sriov;
	struct xvio_health health;
	struct xvio_mgmt mgmt;
};

/* netdev_priv() of a representor. */
struct xvio_repr {
	struct xvio *xv;
	struct net_device *netdev;
	struct devlink_port dl_port;
	struct list_head node; /* among those that come or go together */
	u16 port;
	bool leaves_port; /* it goes, and its port stays as it is */
	/* tc's cookie of the matchall behind which chain 0 is XVIO_CHAIN_POLICED; or 0. Under rtnl */
	unsigned long police_cookie;
};

/* What a restart has brought back, and what the card would not take. */
struct xvio_replay {
	unsigned int num_devices;
	unsigned int num_vfs;
	unsigned int num_rules;
	unsigned int num_lost;
};

/* hw.c: BARs and status window */

/* Maps the BARs and waits until the firmware runs. -ENODEV: no card of ours, or no image in it. */
int xvio_hw_create(struct xvio *xv);
void xvio_hw_destroy(struct xvio *xv);
void xvio_hw_read_status(struct xvio *xv, struct xvio_status *status);
u32 xvio_hw_read(struct xvio *xv, unsigned int reg);
/* Tells queue's doorbell; everything the card shall find in memory has been written before. */
void xvio_hw_ring_doorbell(struct xvio *xv, u32 queue, u32 value);

/* The page that holds nothing but queue's doorbell, as the server's CPUs address it. */
phys_addr_t xvio_hw_doorbell_addr(struct xvio *xv, u32 queue);

/* The end of the firmware's log, at most len_bytes of it; how many there are. It may be written meanwhile. */
u32 xvio_hw_read_trace(struct xvio *xv, char *buf, u32 len_bytes);
/* Restarts the card's SoC; nothing it was doing goes on afterwards. */
void xvio_hw_reset_soc(struct xvio *xv);
/* 0 when the firmware runs, and what it is if it will not or has not in 10 s; sleeps. */
int xvio_hw_wait_running(struct xvio *xv);
/* Why the firmware that ran as generation does not any more; NULL: it may. */
const char *xvio_hw_find_fault(struct xvio *xv, u32 generation);

/* irq.c: vectors and who is called by them */

int xvio_irq_create(struct xvio *xv);
void xvio_irq_destroy(struct xvio *xv);
/* A vector of its own if one is free, else the shared one. Never fails. Sleeps. */
struct xvio_vector *xvio_irq_get_vector(struct xvio *xv);
void xvio_irq_put_vector(struct xvio *xv, struct xvio_vector *vector);
void xvio_irq_add_user(struct xvio_vector *vector, struct xvio_irq_user *user);
/* When it returns, user's callback is not running and will not be called. */
void xvio_irq_remove_user(struct xvio_vector *vector, struct xvio_irq_user *user);
/* The old callback is not running when this returns. cb->callback may be NULL. */
void xvio_irq_set_callback(struct xvio_vector *vector, struct xvio_irq_user *user,
			   const struct vdpa_callback *cb);
/* As if the vector had fired for this user alone. */
void xvio_irq_call_user(struct xvio_vector *vector, struct xvio_irq_user *user);

/* mbox.c: commands (xvio/mbox.h) */

struct xvio_cmd {
	u16 opcode;
	u16 req_bytes;
	u16 rsp_bytes; /* the answer must have exactly this many */
	const void *req;
	void *rsp;
	struct netlink_ext_ack *extack; /* told why not; NULL: the kernel log is */
	/*
	 * May be NULL. Called once, under the mailbox's lock, with what the call is about to return: the
	 * place to change what a restart brings back. A restart comes before it or after it.
	 */
	void (*done)(const struct xvio_cmd *cmd, int err);
	void *ctx; /* done's own */
};

/* What a command was to take away is gone. It had gone before, or a card that is dead comes back without. */
static inline bool xvio_cmd_took_away(int err)
{
	return !err || err == -ENOENT || err == -EIO;
}

void xvio_mbox_create(struct xvio *xv);
/*
 * Sends a command and waits for its answer; sleeps. 0, what the card's status means as an errno, or -EIO:
 * the card is dead and off the bus. A card that fails is waited for until it is alive again, and then
 * asked anew. The task that restarts it does not wait: it gets -EAGAIN when the card fails once more. Nor does one
 * that is in haste: -EIO.
 */
int xvio_mbox_call(struct xvio *xv, const struct xvio_cmd *cmd);
/* A command whose request is struct xvio_cmd_object. */
int xvio_mbox_call_object(struct xvio *xv, u16 opcode, u32 id, void *rsp, u16 rsp_bytes);
/* The same under devlink's lock: a card that is not alive, or fails, is not waited for: -EAGAIN. */
int xvio_mbox_call_once(struct xvio *xv, const struct xvio_cmd *cmd);
/* The calling task has devlink's lock and sends commands that others have written, or does so no more. */
void xvio_mbox_begin_haste(struct xvio *xv);
void xvio_mbox_end_haste(struct xvio *xv);
/* From the interrupt: an answer may have come. */
void xvio_mbox_interrupt(struct xvio *xv);
/* Has the firmware fail (XVIO_CRASH_*); 0 when it has been noticed. */
int xvio_mbox_crash(struct xvio *xv, u32 how);
/* Nothing that a restart brings back changes between the two. No command may be sent. */
void xvio_mbox_lock(struct xvio *xv);
void xvio_mbox_unlock(struct xvio *xv);
/*
 * The firmware has failed: the card is DOWN and health.c is told, or DEAD if that does not watch. Under
 * the mailbox's lock or from the health work.
 */
void xvio_mbox_fail(struct xvio *xv, const char *why);
/* No answer can be expected any more. Waiters give up, the card may no longer use the bus. */
void xvio_mbox_kill(struct xvio *xv, const char *why);

static inline bool xvio_mbox_is_alive(struct xvio *xv)
{
	/* Pairs with the restart's last store; what it has made anew is seen behind it */
	return smp_load_acquire(&xv->mbox.state) == XVIO_CARD_ALIVE;
}

/* event.c: the event ring */

/* Forgets what was in the ring. */
void xvio_event_start(struct xvio *xv);
/* Takes all new events; from the event vector's thread only. None while the card is not ALIVE. */
void xvio_event_drain(struct xvio *xv);
/* The firmware was restarted and the card is about to be ALIVE: the ring is another one. */
void xvio_event_restart(struct xvio *xv);
/* It is: the event thread asks for all that events tell of. */
void xvio_event_wake(struct xvio *xv);

/* ring.c */

int xvio_ring_create(struct xvio *xv, struct xvio_ring *ring, u16 queue, u16 size,
		     u16 descs_per_slot);
void xvio_ring_destroy(struct xvio_ring *ring);
/* Has the card serve the ring from its first entry on. */
int xvio_ring_start(struct xvio_ring *ring);
/* The card has let go of the ring when this returns; all slots are free again. */
void xvio_ring_stop(struct xvio_ring *ring);
/* Restart: as xvio_ring_start(), if the card had the ring. */
int xvio_ring_replay(struct xvio_ring *ring);
/* Descriptor n of a slot; flags other than NEXT. */
void xvio_ring_set_desc(struct xvio_ring *ring, u16 slot, u16 n, dma_addr_t addr, u32 len_bytes,
			u16 flags);
/* A free slot's number, or -1. */
int xvio_ring_get_slot(struct xvio_ring *ring);
void xvio_ring_put_slot(struct xvio_ring *ring, u16 slot);
/* Gives a slot to the card; visible to it after this, rung by xvio_ring_kick(). */
void xvio_ring_post(struct xvio_ring *ring, u16 slot);
void xvio_ring_kick(struct xvio_ring *ring);
/* The next slot the card is done with, and how many bytes it wrote; -1: none. The slot is free. */
int xvio_ring_take(struct xvio_ring *ring, u32 *len_bytes);
void xvio_ring_disable_interrupt(struct xvio_ring *ring);
/* False: something has come meanwhile, which no interrupt will announce. */
bool xvio_ring_enable_interrupt(struct xvio_ring *ring);

/* pair.c: the PF's queue pair and its NAPI */

int xvio_pair_create(struct xvio *xv);
void xvio_pair_destroy(struct xvio *xv);
/* A netdev goes up or down; the first one starts the queues. Under rtnl. */
int xvio_pair_get(struct xvio *xv);
void xvio_pair_put(struct xvio *xv);
/* Restart: begins the rings anew that the card had; what was in them is lost. tx is frozen. */
int xvio_pair_replay(struct xvio *xv);

/* tx.c, rx.c */

int xvio_tx_create(struct xvio *xv);
void xvio_tx_destroy(struct xvio *xv);
/* Drops what the card has not sent. The ring is stopped. */
void xvio_tx_flush(struct xvio_tx *tx);
/* Sends skb as port's packet, marked XVIO_META_F_*; an ndo_start_xmit in all but the port. */
netdev_tx_t xvio_tx_send(struct xvio *xv, struct sk_buff *skb, u16 port, u8 meta_flags);
/* Senders wait from now on, until the other is called. */
void xvio_tx_freeze(struct xvio *xv);
void xvio_tx_thaw(struct xvio *xv);
/* Frees what has been sent and wakes who waited for room. From NAPI. */
void xvio_tx_reclaim(struct xvio *xv);
int xvio_rx_create(struct xvio *xv);
void xvio_rx_destroy(struct xvio *xv);
/* Gives all buffers to the card, whose ring has just been started. */
void xvio_rx_fill(struct xvio_rx *rx);
/* Up to budget packets to their netdevs; returns their number. From NAPI. */
int xvio_rx_poll(struct xvio *xv, int budget);

/* netdev.c: the PF's netdev */

int xvio_netdev_create(struct xvio *xv);
void xvio_netdev_destroy(struct xvio *xv);

/* port.c: port commands that both kinds of netdev use. All sleep. */

int xvio_port_get(struct xvio *xv, u16 port, struct xvio_port_info *info);
int xvio_port_set_admin(struct xvio *xv, u16 port, bool up);
int xvio_port_set_mtu(struct xvio *xv, u16 port, u16 mtu);
int xvio_port_set_mac(struct xvio *xv, u16 port, const u8 *mac);
int xvio_port_set_promisc(struct xvio *xv, u16 port, bool promisc);
/* The same under devlink's lock, which a restart of the card needs: -EAGAIN while there is one. */
int xvio_port_get_once(struct xvio *xv, u16 port, struct xvio_port_info *info);
int xvio_port_set_mac_once(struct xvio *xv, u16 port, const u8 *mac);
/* The port is gone, and what was set of it. Under the mailbox's lock. */
void xvio_port_forget(struct xvio *xv, u16 port);
/* Restart: sets what had been set of ports first .. first + num - 1. */
int xvio_port_replay(struct xvio *xv, u16 first, u16 num);
/* Sets the carrier of netdev from the card's view of port. */
void xvio_port_update_carrier(struct xvio *xv, u16 port, struct net_device *netdev);

/* ethtool.c */

extern const struct ethtool_ops xvio_netdev_ethtool_ops;
extern const struct ethtool_ops xvio_repr_ethtool_ops;

/* repr.c, eswitch.c: representors */

/* Makes the representor of a port that exists on the card. The eswitch's lock is held, and no other. */
int xvio_repr_create(struct xvio *xv, u16 port);
/* Takes rules that use the port off the card, then the netdev away. The same; nothing if there is none. */
void xvio_repr_destroy(struct xvio *xv, u16 port);
/* The same in steps: a representor with its devlink port (devlink's lock is held), that is there (rtnl is), or no more. */
struct xvio_repr *xvio_repr_alloc(struct xvio *xv, u16 port, const struct xvio_port_info *info);
int xvio_repr_register(struct xvio_repr *repr);
void xvio_repr_unregister(struct xvio_repr *repr);
void xvio_repr_free(struct xvio_repr *repr);
/* NULL if netdev is not a representor of this card. */
struct xvio_repr *xvio_repr_from_netdev(struct xvio *xv, const struct net_device *netdev);
int xvio_eswitch_create(struct xvio *xv);
void xvio_eswitch_destroy(struct xvio *xv);
/* A port is there, which has a representor in switchdev mode; it is about to go. */
int xvio_eswitch_add_port(struct xvio *xv, u16 port);
void xvio_eswitch_remove_port(struct xvio *xv, u16 port);
/* The link of a port changed; its netdevs' carrier follows. Any context that may take RCU. */
void xvio_eswitch_link_event(struct xvio *xv, u16 port, bool up);
/* Asks the card for all links; events may have been lost. Takes rtnl. */
void xvio_eswitch_refresh_links(struct xvio *xv);
/* Calls fn for every netdev of the card. Under RCU or rtnl. */
void xvio_eswitch_for_each_netdev(struct xvio *xv, void (*fn)(struct net_device *netdev));
int xvio_eswitch_mode_get(struct devlink *devlink, u16 *mode);
int xvio_eswitch_mode_set(struct devlink *devlink, u16 mode, struct netlink_ext_ack *extack);
/* BRIDGE_MODE_*, of legacy mode: otherwise -EOPNOTSUPP. Under rtnl. */
int xvio_eswitch_bridge_get(struct xvio *xv);
int xvio_eswitch_bridge_set(struct xvio *xv, u16 bridge, struct netlink_ext_ack *extack);
/* Seconds until legacy mode forgets an address; kept in switchdev mode. Under devlink's lock. */
u32 xvio_eswitch_ageing_get(struct xvio *xv);
int xvio_eswitch_ageing_set(struct xvio *xv, u32 ageing_s, struct netlink_ext_ack *extack);
/* Restart: all of that. Before there are rules. */
int xvio_eswitch_replay(struct xvio *xv);

/* sriov.c: virtual functions */

/* A struct pci_driver's sriov_configure: num VFs, 0 takes them away. */
int xvio_sriov_configure(struct pci_dev *pdev, int num);
/* Takes all VFs away; waits until their drivers and users have let go of them. */
void xvio_sriov_disable(struct xvio *xv);

/* Restart: the VFs that were there, with all that was set of them. */
int xvio_sriov_replay(struct xvio *xv, struct xvio_replay *replay);

/* What `ip link set DEV vf N` sets and `ip link` shows. Under rtnl; they sleep. */
int xvio_sriov_set_mac(struct xvio *xv, int vf, const u8 *mac);
int xvio_sriov_set_link(struct xvio *xv, int vf, int state);
int xvio_sriov_set_vlan(struct xvio *xv, int vf, u16 vlan, u8 qos, __be16 proto);
int xvio_sriov_set_spoofchk(struct xvio *xv, int vf, bool on);
int xvio_sriov_set_trust(struct xvio *xv, int vf, bool on);
int xvio_sriov_set_rate(struct xvio *xv, int vf, int min_mbps, int max_mbps);
int xvio_sriov_get_config(struct xvio *xv, int vf, struct ifla_vf_info *info);
int xvio_sriov_get_stats(struct xvio *xv, int vf, struct ifla_vf_stats *stats);

/* tc.c: tc on representors */

/* While there are representors. Without rtnl. */
int xvio_tc_create(struct xvio *xv);
void xvio_tc_destroy(struct xvio *xv);
int xvio_tc_setup(struct net_device *netdev, enum tc_setup_type type, void *type_data);

/* match.c, action.c, police.c, sample.c, flow.c, matchall.c: rules. Under rtnl. */

/* A chain that tc cannot name: chain 0 of a port behind the police of a matchall (matchall.c). */
#define XVIO_CHAIN_POLICED 0x10000000u

struct psample_group;
struct tc_cls_matchall_offload;
struct xvio_meter;

/* Fills key, mask and ranges of rule; what the card cannot match is named in extack. */
int xvio_match_parse(const struct flow_cls_offload *cls, const struct xvio_repr *repr,
		     struct xvio_flow_rule *rule);
/*
 * Fills the actions of rule, whose match is there; what the card cannot do is named in extack.
 * meters has room for XVIO_FLOW_MAX_ACTIONS and a NULL behind them, all of it NULL. Also after an
 * error both are to be released.
 */
int xvio_action_parse(struct xvio *xv, const struct flow_cls_offload *cls,
		      struct xvio_flow_rule *rule, struct xvio_meter **meters);
/* Whether each packet that meets the rule comes to its port's representor. */
bool xvio_action_only_passes(const struct xvio_flow_rule *rule);
/* What a rule uses that is not on the card any more. meters: up to a NULL, or itself NULL. */
void xvio_action_release(struct xvio *xv, const struct xvio_flow_rule *rule,
			 struct xvio_meter **meters);
void xvio_meter_put(struct xvio *xv, struct xvio_meter *meter);
/* tc's police action is another one from now on. What cannot follow leaves the card. */
void xvio_police_replace(struct xvio *xv, unsigned long act, const struct flow_action_entry *entry,
			 struct netlink_ext_ack *extack);
/* Restart: before the rules. Not under rtnl. */
int xvio_meter_replay(struct xvio *xv);
/* A rule samples for group, whose number is in *num then. */
int xvio_sample_get(struct xvio *xv, struct psample_group *group, u32 rate, u32 *num,
		    struct netlink_ext_ack *extack);
void xvio_sample_put(struct xvio *xv, u32 num);
/* skb, with its Ethernet header, is a sample of a frame that came in by netdev. From NAPI. */
void xvio_sample_deliver(struct xvio *xv, struct net_device *netdev, struct sk_buff *skb, u32 num,
			 u32 frame_bytes);
/* Before any rule comes, and when all have gone. */
int xvio_flow_create(struct xvio *xv);
void xvio_flow_destroy(struct xvio *xv);
int xvio_flow_add(struct xvio_repr *repr, struct flow_cls_offload *cls);
int xvio_flow_del(struct xvio_repr *repr, struct flow_cls_offload *cls);
int xvio_flow_stats(struct xvio_repr *repr, struct flow_cls_offload *cls);
int xvio_matchall_add(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall);
int xvio_matchall_del(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall);
int xvio_matchall_stats(struct xvio_repr *repr, struct tc_cls_matchall_offload *mall);
/*
 * Moves a port's rules from one chain to another, one by one; software serves what they do not meanwhile. One that the card
 * does not take again is software's from then on.
 */
void xvio_flow_move_port(struct xvio_repr *repr, u32 from, u32 to);
/* Takes every rule that comes from or leads to port off the card. */
void xvio_flow_flush_port(struct xvio *xv, u16 port);
/* Takes every rule that uses meter off the card. tc's own ones work in their place. */
void xvio_flow_retire_meter(struct xvio *xv, const struct xvio_meter *meter);
/* Restart: all rules; at no time one of them decides that is not the right one. Not under rtnl. */
int xvio_flow_replay(struct xvio *xv, struct xvio_replay *replay);

/* trap.c: devlink's traps */

/* Before packets come, and after they have ceased to. Take devlink's lock. */
int xvio_trap_create(struct xvio *xv);
void xvio_trap_destroy(struct xvio *xv);
/* skb has just been received on repr, for which trap_ctx is the reason. From NAPI. */
void xvio_trap_report(struct xvio *xv, void *trap_ctx, struct xvio_repr *repr, struct sk_buff *skb);
int xvio_trap_init(struct devlink *devlink, const struct devlink_trap *trap, void *trap_ctx);
int xvio_trap_action_set(struct devlink *devlink, const struct devlink_trap *trap,
			 enum devlink_trap_action action, struct netlink_ext_ack *extack);
int xvio_trap_drop_counter_get(struct devlink *devlink, const struct devlink_trap *trap,
			       u64 *p_drops);

/* devlink.c, health.c, recover.c */

extern const struct devlink_ops xvio_devlink_ops;
int xvio_devlink_create(struct xvio *xv);
void xvio_devlink_destroy(struct xvio *xv);
int xvio_health_create(struct xvio *xv);
void xvio_health_destroy(struct xvio *xv);
/* Between the two a card that fails is restarted, and devlink told, who has to know of it. */
void xvio_health_start(struct xvio *xv);
void xvio_health_stop(struct xvio *xv);
/* The card is DOWN: look at once. Any context. */
void xvio_health_notice(struct xvio *xv);
/* The firmware was restarted and the card is about to be ALIVE. */
void xvio_health_begin(struct xvio *xv);
/* Restarts the firmware and brings everything back. The card is ALIVE then, or DEAD. Under devlink's lock. */
int xvio_recover(struct xvio *xv);

/* vdpa_mgmt.c */

void xvio_mgmt_init(struct xvio *xv);
int xvio_mgmt_create(struct xvio *xv);
/* All vDPA devices go; waits until user space has closed them. */
void xvio_mgmt_destroy(struct xvio *xv);
/* The card says that a device's status or configuration changed. Sleeps. */
void xvio_mgmt_config_event(struct xvio *xv, u32 dev);
/* The same for all devices; events may have been lost, or the firmware is gone. Sleeps. */
void xvio_mgmt_refresh(struct xvio *xv);

/* vdpa_replay.c. Restart: the devices are made, set going where they stood, their drivers looked after. */

int xvio_mgmt_recreate(struct xvio *xv);
int xvio_mgmt_restart(struct xvio *xv, struct xvio_replay *replay);
void xvio_mgmt_interrupt(struct xvio *xv);

#endif
