/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * Stands in for libFuzzer: runs the harness once on each file of the folders it is given, and says
 * how many there were. No file is an error.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "fuzz.h"

#define REPLAY_MAX_BYTES 65536u

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	size_t len_bytes;

	if (!file)
		return 0;
	data = malloc(REPLAY_MAX_BYTES);
	len_bytes = fread(data, 1, REPLAY_MAX_BYTES, file);
	fclose(file);
	data = realloc(data, len_bytes ? len_bytes : 1); /* so that the sanitizer sees its end */
	LLVMFuzzerTestOneInput(data, len_bytes);
	free(data);
	return 1;
}

int main(int argc, char **argv)
{
	int num = 0;
	int i;

	for (i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		struct dirent *entry;
		char path[4096];

		while (folder && (entry = readdir(folder)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			num += replay_file(path);
		}
		if (folder)
			closedir(folder);
	}
	printf("%d inputs\n", num);
	return num ? 0 : 1;
}
