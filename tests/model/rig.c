/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/* The rig's process, files and sockets, and its SoC side. See rig.h. */
#include "rig.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BIOS_BYTES 65536

void rig_sleep_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static struct sockaddr_un address(struct rig *rig, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", rig->dir, name);
	return addr;
}

static int bind_socket(struct rig *rig, const char *name, int type)
{
	struct sockaddr_un addr = address(rig, name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(addr.sun_path);
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	CHECK(type != SOCK_STREAM || !listen(fd, 1));
	return fd;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int connect_socket(struct rig *rig, const char *name)
{
	struct sockaddr_un addr = address(rig, name);
	struct timeval limit = {.tv_sec = 30};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	WAIT(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

/* Accepts one connection within 60 s, for reads of at most 30 s; closes the listener. */
static int accept_one(int *listen_fd)
{
	struct pollfd p = {.fd = *listen_fd, .events = POLLIN};
	struct timeval limit = {.tv_sec = 30};
	int fd;

	CHECK(poll(&p, 1, 60000) == 1);
	fd = accept4(*listen_fd, NULL, NULL, SOCK_CLOEXEC);
	CHECK(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	close_fd(listen_fd);
	return fd;
}

void rig_create(struct rig *rig)
{
	char path[64];
	int fd;

	memset(rig, 0, sizeof(*rig));
	strcpy(rig->dir, "/tmp/xvio-model-XXXXXX");
	CHECK(mkdtemp(rig->dir));
	/* A board must have a BIOS; no CPU will run it. */
	snprintf(path, sizeof(path), "%s/bios", rig->dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && !ftruncate(fd, BIOS_BYTES));
	close(fd);
	rig->qtest_fd = rig->qmp_fd = rig->qtest_listen_fd = rig->qmp_listen_fd = rig->soc_fd =
		rig->ctl_fd = rig->wire_fd = -1;
}

static void exec_qemu(struct rig *rig, const char *ram_options)
{
	const char *qemu = getenv("XVIO_QEMU");
	char ram[160];

	if (!qemu)
		qemu = "build/qemu/qemu-system-x86_64";
	qemu = realpath(qemu, NULL);
	if (!qemu || chdir(rig->dir) || !freopen("stderr", "w", stderr))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(ram, sizeof(ram), "memory-backend-file,id=ram,mem-path=card.ram,%s", ram_options);
	execl(qemu, qemu, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35",
	      "-accel", "qtest", "-m", "64M", "-bios", "bios", "-qtest", "unix:qtest", "-qtest-log",
	      "/dev/null", "-qmp", "unix:qmp", "-object", ram, "-chardev",
	      "socket,id=iv,path=ivshmem,server=on,wait=off", "-chardev",
	      "socket,id=ctl,path=ctl,server=on,wait=off", "-netdev",
	      "dgram,id=u0,local.type=unix,local.path=wire,remote.type=unix,remote.path=far",
	      "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off", "-device",
	      "pcie-root-port,id=slot0,addr=5,chassis=1", "-device",
	      "pcie-root-port,id=slot1,addr=4,chassis=2", "-device",
	      "xvio,id=card0,bus=slot1,ram=ram,flash=flash,ivshmem=iv,socctl=ctl,uplink0=u0", NULL);
	_exit(127);
}

void rig_spawn(struct rig *rig, const char *ram_options)
{
	rig->qtest_listen_fd = bind_socket(rig, "qtest", SOCK_STREAM);
	rig->qmp_listen_fd = bind_socket(rig, "qmp", SOCK_STREAM);
	rig->wire_fd = bind_socket(rig, "far", SOCK_DGRAM);
	rig->qemu = fork();
	CHECK(rig->qemu >= 0);
	if (!rig->qemu)
		exec_qemu(rig, ram_options);
}

static void map_ram(struct rig *rig)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/card.ram", rig->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	rig->ram = mmap(NULL, XVIO_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(rig->ram != MAP_FAILED);
	close(fd);
	rig->link = (struct xvio_link *)(rig->ram + XVIO_RAM_LINK);
}

void rig_power_on(struct rig *rig)
{
	rig_spawn(rig, "share=on,size=128M");
	rig->qtest_fd = accept_one(&rig->qtest_listen_fd);
	rig->qmp_fd = accept_one(&rig->qmp_listen_fd);
	CHECK(rig_qmp(rig, "{\"execute\":\"qmp_capabilities\"}"));
	map_ram(rig);
	rig_pci_setup(rig);
}

static void stop_process(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

void rig_soc_spawn(struct rig *rig, char *const argv[])
{
	rig->soc = fork();
	CHECK(rig->soc >= 0);
	if (rig->soc)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!chdir(rig->dir) && freopen("soc.log", "w", stdout) && freopen("soc.log", "a", stderr))
		execvp(argv[0], argv);
	_exit(127);
}

void rig_power_off(struct rig *rig)
{
	rig_soc_disconnect(rig);
	close_fd(&rig->ctl_fd);
	close_fd(&rig->qmp_fd);
	close_fd(&rig->qmp_listen_fd);
	close_fd(&rig->qtest_listen_fd);
	close_fd(&rig->qtest_fd);
	close_fd(&rig->wire_fd);
	stop_process(&rig->soc);
	stop_process(&rig->qemu);
	if (rig->ram)
		munmap(rig->ram, XVIO_RAM_BYTES);
	rig->ram = NULL;
}

void rig_read_stderr(struct rig *rig, char *text, size_t text_bytes)
{
	char path[64];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/stderr", rig->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, text_bytes - 1);
	close_fd(&fd);
	text[n > 0 ? n : 0] = '\0';
}

int rig_wait_exit(struct rig *rig)
{
	int status;

	WAIT(waitpid(rig->qemu, &status, WNOHANG) == rig->qemu);
	rig->qemu = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void rig_destroy(struct rig *rig)
{
	static const char *const names[] = {"bios",	"card.ram", "flash", "card2.ram", "flash2",
					    "ivshmem2", "stderr",   "qtest", "qmp",	  "ctl",
					    "ivshmem",	"wire",	    "far"};
	char path[64];
	size_t i;

	rig_power_off(rig);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", rig->dir, names[i]);
		unlink(path);
	}
	rmdir(rig->dir);
}

/* One message of the ivshmem server: returns the number, and its descriptor or -1 in *fd. */
static int64_t receive_message(struct rig *rig, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	int64_t number;
	struct iovec iov = {&number, sizeof(number)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	CHECK(recvmsg(rig->soc_fd, &msg, MSG_CMSG_CLOEXEC) == sizeof(number));
	cmsg = CMSG_FIRSTHDR(&msg);
	*fd = -1;
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	CHECK(!(msg.msg_flags & MSG_CTRUNC));
	return number;
}

static void receive_events(struct rig *rig, int64_t peer, int *events)
{
	unsigned int i;

	for (i = 0; i < XVIO_IVSHMEM_VECTORS; i++) {
		CHECK(receive_message(rig, &events[i]) == peer);
		CHECK(events[i] >= 0);
	}
}

void rig_soc_connect(struct rig *rig)
{
	struct stat st;
	int fd;

	rig->soc_fd = connect_socket(rig, "ivshmem");
	CHECK(receive_message(rig, &fd) == 0 && fd < 0);
	CHECK(receive_message(rig, &fd) == XVIO_IVSHMEM_PEER_SOC && fd < 0);
	CHECK(receive_message(rig, &fd) == -1 && fd >= 0);
	/* QEMU's client makes a BAR of it: the size must be a power of two, at least a page. */
	CHECK(!fstat(fd, &st) && st.st_size >= 4096 && !(st.st_size & (st.st_size - 1)));
	close(fd);
	receive_events(rig, XVIO_IVSHMEM_PEER_HW, rig->hw_event);
	receive_events(rig, XVIO_IVSHMEM_PEER_SOC, rig->hart_event);
}

void rig_soc_disconnect(struct rig *rig)
{
	unsigned int i;

	if (rig->soc_fd < 0)
		return;
	close_fd(&rig->soc_fd);
	for (i = 0; i < XVIO_IVSHMEM_VECTORS; i++) {
		close(rig->hw_event[i]);
		close(rig->hart_event[i]);
	}
}

void rig_ctl_connect(struct rig *rig)
{
	rig->ctl_fd = connect_socket(rig, "ctl");
}

bool rig_expect_text(int fd, const char *text, const char *unless)
{
	char buf[4096];
	size_t have = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	buf[0] = '\0';
	while (!strstr(buf, text)) {
		ssize_t n;

		if (unless && strstr(buf, unless))
			return false;
		if (have == sizeof(buf) - 1) { /* much talk; what we look for is short */
			memmove(buf, buf + sizeof(buf) / 2, sizeof(buf) / 2);
			have -= sizeof(buf) / 2;
		}
		if (poll(&p, 1, 20000) != 1)
			return false;
		n = read(fd, buf + have, sizeof(buf) - 1 - have);
		if (n <= 0)
			return false;
		have += n;
		buf[have] = '\0';
	}
	return true;
}

struct xvio_hart_rings *rig_rings(struct rig *rig, unsigned int hart)
{
	return (void *)(rig->ram + XVIO_RAM_RINGS + hart * XVIO_HART_RINGS_STRIDE);
}

struct xvio_mac_rx *rig_mac_rx(struct rig *rig, unsigned int uplink)
{
	return (void *)(rig->ram + XVIO_RAM_MAC_RX + uplink * XVIO_MAC_RX_STRIDE);
}

uint32_t rig_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void rig_store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void rig_hart_start(struct rig *rig, unsigned int hart)
{
	struct xvio_hart_rings *rings = rig_rings(rig, hart);

	rings->op_prod = 0;
	rings->db_cons = 0;
	rig->link->hart[hart].sleeping = 0;
	rig_store(&rig->link->hart[hart].ready_generation, rig_load(&rig->link->generation));
}

void rig_post(struct rig *rig, unsigned int hart, struct xvio_op op)
{
	struct xvio_hart_rings *rings = rig_rings(rig, hart);

	rings->op[rings->op_prod % XVIO_OP_RING_ENTRIES] = op;
	rig_store(&rings->op_prod, rings->op_prod + 1);
}

void rig_kick(struct rig *rig)
{
	const uint64_t one = 1;

	CHECK(write(rig->hw_event[0], &one, sizeof(one)) == sizeof(one));
}

uint32_t rig_run(struct rig *rig, unsigned int hart, struct xvio_op op)
{
	struct xvio_hart_rings *rings = rig_rings(rig, hart);

	rig_post(rig, hart, op);
	rig_kick(rig);
	WAIT(rig_load(&rings->op_cons) == rings->op_prod);
	return rings->comp[(rings->op_prod - 1) % XVIO_OP_RING_ENTRIES];
}

bool rig_woken(struct rig *rig, unsigned int hart, int wait_ms)
{
	struct pollfd p = {.fd = rig->hart_event[hart], .events = POLLIN};
	uint64_t count;

	return poll(&p, 1, wait_ms) == 1 && read(p.fd, &count, sizeof(count)) == sizeof(count);
}
