/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's virtio_net selftests take features away from devices by files in debugfs, which a kernel
 * has only if it was built with CONFIG_VIRTIO_DEBUG; Debian's was not. This module makes the same files,
 * by the same names, for the devices it is told: what their transport says they offer loses the bits
 * that were written there. One user: tests/system/net_selftests.sh.
 */
#include <linux/debugfs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

#define MAX_DEVICES 4

static char *devices[MAX_DEVICES];
static int num_devices;
module_param_array(devices, charp, &num_devices, 0444);
MODULE_PARM_DESC(devices, "names on the virtio bus");

static u64 filter[MAX_DEVICES];
static struct virtio_device *vdevs[MAX_DEVICES];
static struct dentry *root;

/* The transport's function by which the virtio core asks for the features of a device. */
static int filter_ask(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	*(void **)ri->data = (void *)regs_get_kernel_argument(regs, 0);
	return 0;
}

static int filter_answer(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	int i;

	for (i = 0; i < num_devices; i++) {
		if (*(void **)ri->data == vdevs[i])
			regs_set_return_value(regs, regs_return_value(regs) & ~filter[i]);
	}
	return 0;
}

static struct kretprobe probe = {
	.entry_handler = filter_ask,
	.handler = filter_answer,
	.data_size = sizeof(void *),
	.kp.symbol_name = "virtio_vdpa_get_features",
};

static void show_bits(struct seq_file *seq, u64 features)
{
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		if (features & BIT_ULL(bit))
			seq_printf(seq, "%u\n", bit);
	}
}

static int device_features_show(struct seq_file *seq, void *data)
{
	struct virtio_device *vdev = vdevs[(long)seq->private];

	show_bits(seq, vdev->config->get_features(vdev));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(device_features);

static int filter_features_show(struct seq_file *seq, void *data)
{
	show_bits(seq, filter[(long)seq->private]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(filter_features);

static int filter_add(void *data, u64 bit)
{
	if (bit >= 64)
		return -EINVAL;
	filter[(long)data] |= BIT_ULL(bit);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(filter_add_fops, NULL, filter_add, "%llu\n");

static int filter_del(void *data, u64 bit)
{
	if (bit >= 64)
		return -EINVAL;
	filter[(long)data] &= ~BIT_ULL(bit);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(filter_del_fops, NULL, filter_del, "%llu\n");

static int filter_clear(void *data, u64 value)
{
	filter[(long)data] = 0;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(filter_clear_fops, NULL, filter_clear, "%llu\n");

static void filter_add_files(long i)
{
	struct dentry *dir = debugfs_create_dir(devices[i], root);

	debugfs_create_file("device_features", 0400, dir, (void *)i, &device_features_fops);
	debugfs_create_file("filter_features", 0400, dir, (void *)i, &filter_features_fops);
	debugfs_create_file("filter_feature_add", 0200, dir, (void *)i, &filter_add_fops);
	debugfs_create_file("filter_feature_del", 0200, dir, (void *)i, &filter_del_fops);
	debugfs_create_file("filter_features_clear", 0200, dir, (void *)i, &filter_clear_fops);
}

/* A driver for nothing, from which the bus is known. */
static int no_probe(struct virtio_device *vdev)
{
	return -ENODEV;
}

static void no_remove(struct virtio_device *vdev)
{
}

static const struct virtio_device_id no_ids[] = {{0}};
static struct virtio_driver no_driver = {
	.driver.name = KBUILD_MODNAME,
	.id_table = no_ids,
	.probe = no_probe,
	.remove = no_remove,
};

static int filter_find_devices(void)
{
	struct device *dev;
	int err, i;

	err = register_virtio_driver(&no_driver);
	if (err)
		return err;
	for (i = 0; i < num_devices; i++) {
		dev = bus_find_device_by_name(no_driver.driver.bus, NULL, devices[i]);
		if (!dev)
			err = -ENODEV;
		else
			vdevs[i] = dev_to_virtio(dev);
	}
	unregister_virtio_driver(&no_driver);
	return err;
}

static void filter_put_devices(void)
{
	int i;

	for (i = 0; i < num_devices; i++) {
		if (vdevs[i])
			put_device(&vdevs[i]->dev);
	}
}

static int __init filter_init(void)
{
	long i;
	int err;

	err = filter_find_devices();
	if (!err)
		err = register_kretprobe(&probe);
	if (err) {
		filter_put_devices();
		return err;
	}
	root = debugfs_create_dir("virtio", NULL);
	for (i = 0; i < num_devices; i++)
		filter_add_files(i);
	return 0;
}

static void __exit filter_exit(void)
{
	debugfs_remove(root);
	unregister_kretprobe(&probe);
	filter_put_devices();
}

module_init(filter_init);
module_exit(filter_exit);
MODULE_DESCRIPTION("virtio feature filter for tests");
MODULE_LICENSE("GPL");
