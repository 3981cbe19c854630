// SPDX-License-Identifier: GPL-2.0
/*
 * xvio-flash: lists cards, shows who runs on them, writes firmware images, resets. Works with no
 * driver; what would pull the card from under a driver needs --force. Exit: 0 done, 1 not, 2 usage.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "card.h"
#include "imgfile.h"
#include "io_pci.h"
#include "slots.h"

#define MAX_CARDS 32u

static const char usage_text[] =
	"usage: xvio-flash [options] COMMAND\n"
	"\n"
	"  list                the cards of this machine, their state and version\n"
	"  show                all about one card; fails unless its firmware runs\n"
	"  version             version and state in one line; fails unless its firmware runs\n"
	"  write IMAGE         write a firmware image into the slot that does not run\n"
	"  erase [--slot N]    erase one slot, or all\n"
	"  reset               restart the card; it boots the newest image in its flash\n"
	"\n"
	"  -s, --card BDF           which card, as in lspci -D (not needed if there is one)\n"
	"  -f, --force              also while a driver is bound to the card\n"
	"      --slot N, --all      for erase; --all is the default\n"
	"  -h, --help               this text\n";

struct options {
	const char *bdf;
	const char *image;
	uint32_t slot; /* SLOTS_NONE: all */
	bool force;
};

static int fail(const char *format, ...)
{
	va_list args;

	fputs("xvio-flash: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}

static int command_list(void)
{
	struct io_card cards[MAX_CARDS];
	unsigned num = io_pci_list(cards, MAX_CARDS);
	struct xvio_status status;
	struct io *io;

	if (!num)
		return fail("no card found");
	for (unsigned i = 0; i < num && i < MAX_CARDS; i++) {
		io = io_pci_open(&cards[i]);
		if (!io)
			return 1;
		card_read_status(io, &status);
		printf("%s  %-8s  %-16s  driver %s\n", cards[i].bdf, card_state_name(status.state),
		       status.state == XVIO_STATE_RUNNING ? status.version : "-",
		       cards[i].driver[0] ? cards[i].driver : "none");
		io_pci_close(io);
	}
	return 0;
}

static void show_slots(struct io *io)
{
	struct xvio_image_header header;
	int valid;

	for (uint32_t slot = 0; slot < XVIO_FLASH_NUM_SLOTS; slot++) {
		const char *fault = slots_read_header(io, slot, &header, &valid);

		if (fault)
			printf("slot %" PRIu32 "      %s\n", slot, fault);
		else if (valid)
			printf("slot %" PRIu32 "      %s, sequence %" PRIu32 ", %" PRIu32
			       " bytes\n",
			       slot, header.version, header.sequence, header.payload_bytes);
		else
			printf("slot %" PRIu32 "      %s\n", slot,
			       header.magic == UINT32_MAX ? "empty" : "invalid");
	}
}

static int command_show(struct io *io, const struct io_card *card)
{
	struct xvio_status status;
	bool alive = card_is_alive(io);

	card_read_status(io, &status);
	printf("card        %s\n", card->bdf);
	printf("driver      %s\n", card->driver[0] ? card->driver : "none");
	printf("state       %s\n", card_state_name(status.state));
	printf("version     %s\n", status.state == XVIO_STATE_RUNNING ? status.version : "-");
	printf("message     %s\n", status.message[0] ? status.message : "-");
	printf("boot slot   %" PRIu32 "\n", status.boot_slot);
	printf("generation  %" PRIu32 "\n", status.generation);
	printf("heartbeat   %s\n", alive ? "beats" : "stands still");
	/* The flash registers are one set: not while a driver might be asking, too */
	if (!card->driver[0])
		show_slots(io);
	return alive ? 0 : 1;
}

static int command_version(struct io *io)
{
	struct xvio_status status;

	card_read_status(io, &status);
	if (status.state != XVIO_STATE_RUNNING)
		return fail("%s %s", card_state_name(status.state), status.message);
	printf("%s running from slot %" PRIu32 "\n", status.version, status.boot_slot);
	return 0;
}

static void write_progress(unsigned percent)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%3u %%%s", percent, percent == 100 ? "\n" : "");
}

static int command_write(struct io *io, const struct options *options)
{
	struct xvio_image_header header;
	struct xvio_status status;
	struct slots_plan plan;
	const char *fault;
	size_t len_bytes;
	void *image;

	image = imgfile_load(options->image, &len_bytes, &fault);
	if (image)
		fault = imgfile_check(image, len_bytes);
	if (fault) {
		free(image);
		return fail("%s: %s; the card is untouched", options->image, fault);
	}
	memcpy(&header, image, sizeof(header));
	card_read_status(io, &status);
	fault = slots_plan_write(
		io, status.state == XVIO_STATE_RUNNING ? status.boot_slot : SLOTS_NONE, &plan);
	if (!fault)
		fault = slots_write(io, &plan, image, len_bytes, write_progress);
	free(image);
	if (fault)
		return fail("slot %" PRIu32 ": %s", plan.slot, fault);
	printf("%s written to slot %" PRIu32 ", sequence %" PRIu32
	       "; it runs after xvio-flash reset\n",
	       header.version, plan.slot, plan.sequence);
	return 0;
}

static int command_erase(struct io *io, const struct options *options)
{
	for (uint32_t slot = 0; slot < XVIO_FLASH_NUM_SLOTS; slot++) {
		const char *fault;

		if (options->slot != SLOTS_NONE && options->slot != slot)
			continue;
		fault = slots_erase(io, slot);
		if (fault)
			return fail("slot %" PRIu32 ": %s", slot, fault);
		printf("slot %" PRIu32 " erased\n", slot);
	}
	return 0;
}

static int command_reset(struct io *io)
{
	struct xvio_status status;

	if (!card_reset(io, &status))
		return fail("the card does not come back: %s %s", card_state_name(status.state),
			    status.message);
	if (status.state != XVIO_STATE_RUNNING)
		return fail("%s: %s", card_state_name(status.state), status.message);
	printf("%s running from slot %" PRIu32 "\n", status.version, status.boot_slot);
	return 0;
}

/* The card that options name, or the only one. */
static int choose_card(const struct options *options, struct io_card *chosen)
{
	struct io_card cards[MAX_CARDS];
	unsigned num = io_pci_list(cards, MAX_CARDS);

	if (!num)
		return fail("no card found");
	if (!options->bdf && num > 1)
		return fail("%u cards found, name one with -s", num);
	for (unsigned i = 0; i < num && i < MAX_CARDS; i++) {
		/* The domain may be left out: 00:04.0 */
		const char *end = options->bdf && strlen(options->bdf) < strlen(cards[i].bdf)
					  ? strchr(cards[i].bdf, ':') + 1
					  : cards[i].bdf;

		if (options->bdf && strcmp(end, options->bdf))
			continue;
		*chosen = cards[i];
		return 0;
	}
	return fail("%s is not an xvio card", options->bdf);
}

static int run(const char *command, const struct options *options)
{
	bool changes =
		!strcmp(command, "write") || !strcmp(command, "erase") || !strcmp(command, "reset");
	struct io_card card;
	struct io *io;
	int status;

	if (choose_card(options, &card))
		return 1;
	if (changes && card.driver[0] && !options->force)
		return fail("driver %s is bound to %s: unload it, or use --force", card.driver,
			    card.bdf);
	io = io_pci_open(&card);
	if (!io)
		return 1;
	if (!card_is_known(io))
		status =
			fail("%s: its registers are not those of a card this tool knows", card.bdf);
	else if (!strcmp(command, "show"))
		status = command_show(io, &card);
	else if (!strcmp(command, "version"))
		status = command_version(io);
	else if (!strcmp(command, "write"))
		status = command_write(io, options);
	else if (!strcmp(command, "erase"))
		status = command_erase(io, options);
	else
		status = command_reset(io);
	io_pci_close(io);
	return status;
}

static int usage(void)
{
	fputs(usage_text, stderr);
	return 2;
}

static bool parse_slot(const char *text, uint32_t *slot)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value >= XVIO_FLASH_NUM_SLOTS)
		return false;
	*slot = (uint32_t)value;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"card", required_argument, NULL, 's'}, {"force", no_argument, NULL, 'f'},
		{"slot", required_argument, NULL, 'n'}, {"all", no_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},	{NULL, 0, NULL, 0},
	};
	static const char *const commands[] = {"list",	"show",	 "version",
					       "write", "erase", "reset"};
	struct options options = {.slot = SLOTS_NONE};
	int option;

	while ((option = getopt_long(argc, argv, "s:fh", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage_text, stdout);
			return 0;
		}
		if (option == 's')
			options.bdf = optarg;
		else if (option == 'f')
			options.force = true;
		else if (option == 'a')
			options.slot = SLOTS_NONE;
		else if (option != 'n' || !parse_slot(optarg, &options.slot))
			return usage();
	}
	if (optind == argc)
		return usage();
	if (!strcmp(argv[optind], "write") && argc - optind == 2)
		options.image = argv[optind + 1];
	else if (argc - optind != 1 || !strcmp(argv[optind], "write"))
		return usage();
	if (!strcmp(argv[optind], "list"))
		return command_list();
	for (unsigned i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[optind], commands[i]))
			return run(argv[optind], &options);
	return usage();
}
