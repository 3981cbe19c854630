/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The parser a second time (parse_model.h), with the card's way of loading words; here the sanitizer
 * sees a load from an address that would trap on the card.
 */
#define ENDIAN_LOADS_ANYWHERE 0
#define parse_frame	      parse_frame_aligned
#define parse_places	      parse_places_aligned
#define parse_other	      parse_other_aligned
#define parse_is_routed	      parse_is_routed_aligned
#include "path/parse.c"
