#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The second server's part in a test that has two: it carries out, in a shell with lib.sh, what comes by TCP
# on the cable between the servers (there() in lib.sh), one command a connection, and says how that ended.
. /opt/xvio/tests/system/lib.sh
. /opt/xvio/tests/system/migrate/lib.sh

cable_up 2 || exit 1
exec socat -t 1000 TCP-LISTEN:7000,fork,reuseaddr EXEC:'bash /opt/xvio/tests/system/migrate/do.sh'
