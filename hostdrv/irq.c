// SPDX-License-Identifier: GPL-2.0
/*
 * MSI-X. The event vector has a thread, the pair vector schedules NAPI, all others call the users
 * on their list: an exclusive vector has one user, the shared one as many as found no other.
 */
#include <linux/interrupt.h>

#include "xvio.h"

static irqreturn_t irq_event(int irq, void *data)
{
	xvio_mbox_interrupt(data);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t irq_event_thread(int irq, void *data)
{
	xvio_event_drain(data);
	return IRQ_HANDLED;
}

static irqreturn_t irq_pair(int irq, void *data)
{
	struct xvio_pair *pair = data;

	if (READ_ONCE(pair->running))
		napi_schedule_irqoff(&pair->napi);
	return IRQ_HANDLED;
}

static irqreturn_t irq_users(int irq, void *data)
{
	struct xvio_vector *vector = data;
	struct xvio_irq_user *user;

	spin_lock(&vector->lock);
	list_for_each_entry (user, &vector->users, node)
		if (user->cb.callback)
			user->cb.callback(user->cb.private);
	spin_unlock(&vector->lock);
	return IRQ_HANDLED;
}

void xvio_irq_add_user(struct xvio_vector *vector, struct xvio_irq_user *user)
{
	spin_lock_irq(&vector->lock);
	list_add_tail(&user->node, &vector->users);
	spin_unlock_irq(&vector->lock);
}

void xvio_irq_remove_user(struct xvio_vector *vector, struct xvio_irq_user *user)
{
	spin_lock_irq(&vector->lock);
	list_del(&user->node);
	spin_unlock_irq(&vector->lock);
}

void xvio_irq_set_callback(struct xvio_vector *vector, struct xvio_irq_user *user,
			   const struct vdpa_callback *cb)
{
	spin_lock_irq(&vector->lock);
	user->cb = *cb;
	spin_unlock_irq(&vector->lock);
}

void xvio_irq_call_user(struct xvio_vector *vector, struct xvio_irq_user *user)
{
	spin_lock_irq(&vector->lock);
	if (user->cb.callback)
		user->cb.callback(user->cb.private);
	spin_unlock_irq(&vector->lock);
}

struct xvio_vector *xvio_irq_get_vector(struct xvio *xv)
{
	struct xvio_vector *vector;
	unsigned int i;

	mutex_lock(&xv->irq.lock);
	for (i = XVIO_VECTOR_EXCLUSIVE; i < xv->irq.num_vectors; i++) {
		vector = &xv->irq.vectors[i];
		if (vector->taken)
			continue;
		if (request_irq(vector->irq, irq_users, 0, vector->name, vector))
			break;
		vector->taken = true;
		goto unlock;
	}
	vector = &xv->irq.vectors[XVIO_VECTOR_SHARED];
	dev_info_once(&xv->pdev->dev, "no vector is left, virtqueues share vector %u\n",
		      XVIO_VECTOR_SHARED);
unlock:
	mutex_unlock(&xv->irq.lock);
	return vector;
}

void xvio_irq_put_vector(struct xvio *xv, struct xvio_vector *vector)
{
	if (vector->index == XVIO_VECTOR_SHARED)
		return;
	mutex_lock(&xv->irq.lock);
	free_irq(vector->irq, vector);
	vector->taken = false;
	mutex_unlock(&xv->irq.lock);
}

static void irq_init_vectors(struct xvio *xv)
{
	static const char *const names[] = {"events", "pf", "vq-shared"};
	const char *card = pci_name(xv->pdev);
	unsigned int i;

	for (i = 0; i < xv->irq.num_vectors; i++) {
		struct xvio_vector *vector = &xv->irq.vectors[i];

		spin_lock_init(&vector->lock);
		INIT_LIST_HEAD(&vector->users);
		vector->index = i;
		vector->irq = pci_irq_vector(xv->pdev, i);
		if (i < ARRAY_SIZE(names))
			snprintf(vector->name, sizeof(vector->name), "xvio-%s@%s", names[i], card);
		else
			snprintf(vector->name, sizeof(vector->name), "xvio-vq%u@%s", i, card);
	}
}

static int irq_request_fixed(struct xvio *xv)
{
	struct xvio_vector *v = xv->irq.vectors;
	int err;

	err = request_threaded_irq(v[XVIO_VECTOR_EVENT].irq, irq_event, irq_event_thread, 0,
				   v[XVIO_VECTOR_EVENT].name, xv);
	if (err)
		return err;
	err = request_irq(v[XVIO_VECTOR_PAIR].irq, irq_pair, 0, v[XVIO_VECTOR_PAIR].name,
			  &xv->pair);
	if (err)
		goto free_event;
	err = request_irq(v[XVIO_VECTOR_SHARED].irq, irq_users, 0, v[XVIO_VECTOR_SHARED].name,
			  &v[XVIO_VECTOR_SHARED]);
	if (err)
		goto free_pair;
	return 0;

free_pair:
	free_irq(v[XVIO_VECTOR_PAIR].irq, &xv->pair);
free_event:
	free_irq(v[XVIO_VECTOR_EVENT].irq, xv);
	return err;
}

int xvio_irq_create(struct xvio *xv)
{
	int num, err;

	mutex_init(&xv->irq.lock);
	num = pci_alloc_irq_vectors(xv->pdev, XVIO_VECTOR_EXCLUSIVE, XVIO_NUM_MSIX, PCI_IRQ_MSIX);
	if (num < 0)
		return num;
	xv->irq.num_vectors = num;
	xv->irq.vectors = kcalloc(num, sizeof(*xv->irq.vectors), GFP_KERNEL);
	err = -ENOMEM;
	if (!xv->irq.vectors)
		goto free_vectors;
	irq_init_vectors(xv);
	xvio_event_start(xv);
	err = irq_request_fixed(xv);
	if (err)
		goto free_memory;
	return 0;

free_memory:
	kfree(xv->irq.vectors);
free_vectors:
	pci_free_irq_vectors(xv->pdev);
	return err;
}

void xvio_irq_destroy(struct xvio *xv)
{
	struct xvio_vector *v = xv->irq.vectors;

	free_irq(v[XVIO_VECTOR_SHARED].irq, &v[XVIO_VECTOR_SHARED]);
	free_irq(v[XVIO_VECTOR_PAIR].irq, &xv->pair);
	free_irq(v[XVIO_VECTOR_EVENT].irq, xv);
	kfree(v);
	pci_free_irq_vectors(xv->pdev);
}
