#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One command, a line in base64 on standard input; its output, then "status: N". Started by other.sh.
. /opt/xvio/tests/system/lib.sh
. /opt/xvio/tests/system/migrate/lib.sh

read -r line
command=$(base64 -d <<<"$line")
(eval "$command") </dev/null 2>&1
echo "status: $?"
