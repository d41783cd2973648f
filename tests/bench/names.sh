# shellcheck shell=bash disable=SC2034,SC2154 # rig has it, or uses it
#
# names.sh - the rows of rig that have names in them.  Sourced by rig.
#
# They run in a network namespace, for clients that know no other port than 53
# and no other file than /etc/resolv.conf.  dnsmasq answers for 250 zones of
# any name each, from its configuration, so that no cache is what is measured;
# a zone has an address of its own because an address has 28,000 ports, and a
# port stays taken for a while after its connection.

NAMES_C=1000
NAMES_ROUNDS=3      # at most, of 100,000 names each
NAMES_MEMORY=1000000
NAMES_WAITS=2000
NAMES_ABOVE_MIB=4   # what the cache may take
# As many as fit the receive buffer of the server's one socket, which has room
# for 277 packets where net.core.rmem_default is the kernel's own: adnshost
# repeats a question after two seconds at the earliest.
ADNS_AT_ONCE=200

space=()         # a command that enters the namespace
names_worker=    # nginx there
names_dns=

: >"$T/names"
: >"$T/names-memory"
: >"$T/waits"

# --- the namespace and its servers -------------------------------------------

enter_space() {
	local pid i

	rm -f "$T/space"
	# Without an interface beside lo aria2c asks for no addresses at all.
	unshare -m -n sh -c '
		ip link set lo up || exit
		for type in dummy bridge veth; do
			ip link add x0 type $type 2>/dev/null && break
		done
		ip addr add 192.0.2.1/24 dev x0 && ip link set x0 up
		mount --bind "$1/resolv.conf" /etc/resolv.conf &&
		mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf &&
		: >"$1/space" && exec sleep 1000000
	' sh "$T" 2>"$T/stderr" &
	pid=$!
	for ((i = 0; i < 50; i++)); do
		[ ! -e "$T/space" ] || break
		alive $pid || return 1
		sleep 0.1
	done
	[ -e "$T/space" ] || return 1
	children="$children $pid"
	space=(nsenter -t "$pid" -m -n --)
}

start_dnsmasq() {
	local i options=(--conf-file=/dev/null --no-hosts --no-resolv
		--port=53 --listen-address=127.0.0.1 --bind-interfaces
		--local-ttl=300 --no-daemon)

	# With `local` there are answers to AAAA as well: there is none.
	for ((i = 1; i <= 250; i++)); do
		options+=("--address=/b$i.bench.test/127.0.0.$i"
			"--local=/b$i.bench.test/")
	done
	"${space[@]}" "${on_server[@]}" dnsmasq "${options[@]}" \
		2>"$T/stderr" &
	names_dns=$!
	children="$children $names_dns"
	for ((i = 0; i < 50; i++)); do
		! "${space[@]}" grep -q ':0035 ' /proc/net/udp || return 0
		alive $names_dns || return 1
		sleep 0.1
	done
	return 1
}

start_names() {
	local program

	# An ordinary user may have a user namespace to do it in, but nginx and
	# dnsmasq do not get to their groups there.
	[ "$(id -u)" = 0 ] || {
		echo "needs root, for a network namespace" >"$T/space.why"
		return 1
	}
	for program in unshare nsenter ip mount dnsmasq; do
		command -v $program >/dev/null || {
			echo "needs $program" >"$T/space.why"
			return 1
		}
	done
	[ "$server" = nginx ] || {
		echo "needs nginx" >"$T/space.why"
		return 1
	}
	echo "nameserver 127.0.0.1" >"$T/resolv.conf"
	echo "hosts: files dns" >"$T/nsswitch.conf"
	enter_space && start_dnsmasq &&
		run_nginx 80 names-nginx plain_servers "${space[@]}" || {
		echo "no namespace, or no server in it: $(
			tail -n 1 "$T/stderr")" >"$T/space.why"
		return 1
	}
	names_worker=$nginx_worker
}

# For a row: whether it can be, and the client's commands run there.
in_space() {
	if [ ! -x "$BULKFETCH" ]; then
		notes[$row]="bulkfetch is not built"
		return 1
	fi
	if [ ${#space[@]} = 0 ] && [ ! -e "$T/space.why" ]; then
		start_names || space=()
	fi
	if [ -e "$T/space.why" ]; then
		notes[$row]=$(cat "$T/space.why")
		return 1
	fi
	names_client=("${on_client[@]}")
	on_client=("${space[@]}" "${on_client[@]}")
}

out_of_space() {
	on_client=("${names_client[@]}")
}

# --- names: how many a second -------------------------------------------------

names_lists() { # count
	into=$T/out
	awk -v count="$1" -v into="$into" -v list="$T/list" 'BEGIN {
		for (i = 0; i < count; i++) {
			file = sprintf("u%05d", i)
			zone = 1 + i % 250
			name = sprintf("n%05d.b%d.bench.test", i, zone)
			url = "http://" name "/update/" file
			print url >list
			print name >(list ".adns")
			print url "\n out=" file >(list ".aria2c")
			print "url = \"" url "\"\noutput = \"" into "/" file \
			    "\"" >(list ".curl")
			printf "http://127.0.0.%d:80/update/%s\n", zone, \
			    file >(list ".floor")
		}
	}'
}

# Sets cmd, input, note or why.  All put their files into one directory.
choose_names() { # who
	local extra

	cmd=()
	why=
	note=
	input=/dev/null
	case $1 in
	floor)
		cmd=("$BIN/floor" -1 -c "$NAMES_C" -d "$into" "$T/list.floor")
		note="addresses, no names: what the connections take"
		;;
	bulkfetch*)
		read -ra extra <<<"${1#bulkfetch}"
		cmd=("$BULKFETCH" -q -c "$NAMES_C" -d "$T/out" -o '%{name}'
			"${extra[@]}" "$T/list")
		;;
	curl)
		contender_curl $NAMES_C
		note="$note; a thread a lookup"
		;;
	aria2c)
		contender_aria2c $NAMES_C
		cmd+=(--async-dns=true)
		note="c-ares, A alone"
		;;
	adnshost)
		cmd=(env "ADNS_RES_CONF_TMP=nameserver 127.0.0.1"
			xargs -n "$ADNS_AT_ONCE" adnshost -a -ta)
		input=$T/list.adns
		note="lookups of A alone, $ADNS_AT_ONCE at once, no files"
		;;
	esac
	case $1 in
	curl | aria2c | adnshost)
		command -v "$1" >/dev/null || why="not installed"
		;;
	esac
}

names_verdict() { # who count
	local answers

	if [ "$1" = adnshost ]; then
		answers=$(grep -c ' ok 0 ok ' "$T/stdout")
		[ "$answers" = "$2" ] && echo "right: $2" ||
			echo "wrong: $answers of $2 answers"
	else
		verify u "$2" 1024 check
	fi
}

names_ticks() {
	echo $(($(ticks "$names_worker") + $(ticks "$names_dns")))
}

# Adds a line to $T/names, tab-separated:
# who round count figures server-us verdict
names_one() { # who round count
	local before verdict figures status

	choose_names "$1"
	rm -rf "$T/out"
	mkdir -p "$T/out"
	before=$(names_ticks)
	timed -t $LIMIT_S "${cmd[@]}" >"$T/stdout" 2>"$T/stderr" <"$input"
	before=$((($(names_ticks) - before) * 1000000 / ticks_s))
	figures=$(cat "$T/run")
	status=${figures##* }
	verdict=$(names_verdict "$1" "$3")
	[ "$status" = 0 ] || verdict="exit status $status, $verdict"
	wall=${figures%%.*}
	[ "$2" = 0 ] || printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" \
		"${figures// /$'\t'}" "$before" "$verdict" >>"$T/names"
	[ "$verdict" = "right: $3" ] ||
		say "$row: $1: $verdict: $(tail -n 1 "$T/stderr" | cut -c1-200)"
}

# How many names a peer gets: all, or a tenth where all would take too long.
names_trial() { # who count
	local tenth=$(($2 / 10))

	names_lists $tenth
	names_one "$1" 0 $tenth
	names_of[$1]=$2
	[ $((wall * 10)) -lt $SLOW_S ] || names_of[$1]=$tenth
}

row_names() {
	local round who wall count=$UPDATE_COUNT names_client
	local -A names_of
	local all=(floor bulkfetch "bulkfetch -4"
		"bulkfetch --dns-max-inflight 1000"
		"bulkfetch -4 --dns-max-inflight 1000" curl aria2c adnshost)

	in_space || return 0
	make_files update u $UPDATE_COUNT 1024
	for who in "${all[@]}"; do
		into=$T/out
		choose_names "$who"
		notes[names/$who]=${why:-$note}
		if [ -n "$why" ]; then
			names_of[$who]=0
		else
			say "$row: $who, a trial"
			names_trial "$who" "$count"
		fi
	done
	for ((round = 1; round <= rounds && round <= NAMES_ROUNDS; round++)); do
		say "$row: round $round"
		for who in "${all[@]}"; do
			[ "${names_of[$who]}" != 0 ] || continue
			names_lists "${names_of[$who]}"
			names_one "$who" $round "${names_of[$who]}"
		done
	done
	rm -rf "$T/out"
	out_of_space
}

# --- names-memory ------------------------------------------------------------

# HEAD requests, since what counts is what names do to memory; to one name in
# the first run, which shows the usual, and to as many as there are lines.
names_memory_urls() { # names lines
	awk -v names="$1" -v lines="$2" -v progress="$T/progress" 'BEGIN {
		for (i = 0; i < lines; i++) {
			n = i % names
			printf "http://n%07d.b%d.bench.test/update/u%05d\n",
			    n, 1 + n % 250, i % 1000
			if (i % 10000 == 0) {
				print i >progress
				close(progress)
			}
		}
	}'
}

# Adds a line to $T/names-memory: names lines figures peak-after-10-s read
names_memory_run() { # names lines
	say "$row: $2 lines, $1 names"
	: >"$T/samples"
	timed -s "$T/samples" -t $MEMORY_S "$BULKFETCH" -q -I -c 200 - \
		< <(names_memory_urls "$1" "$2" 2>/dev/null) \
		>/dev/null 2>"$T/stderr"
	awk -v names="$1" -v lines="$2" -v read="$(cat "$T/progress")" '
		FILENAME ~ /samples$/ { if ($1 <= 10.5) early = $3; next }
		{ print names, lines, $0, early + 0, $5 == 124 ? read : lines }
	' "$T/samples" "$T/run" >>"$T/names-memory"
}

row_names-memory() {
	local names_client

	in_space || return 0
	make_files update u $UPDATE_COUNT 1024
	names_memory_run 1 100000
	names_memory_run $NAMES_MEMORY $NAMES_MEMORY
	out_of_space
}

# --- waits: no call that blocks ------------------------------------------------

# Prints what a program waited in, or did that waits out of sight, except for
# epoll_wait.
AWK_WAITS='
	{
		sub(/^[0-9]+ +/, "")
		call = $0
		sub(/[(].*/, "", call)
		first = $0
		sub(/^[^(]*[(]/, "", first)
		fd = first + 0
		n = split($0, part, " = ")
		result = part[n] + 0
	}
	function found(what) {
		if (!(what in count))
			order[++kinds] = what
		count[what]++
	}
	call == "socket" && result >= 0 {
		is_socket[result] = 1
		is_blocking[result] = $0 !~ /SOCK_NONBLOCK/
	}
	call ~ /^accept/ && result >= 0 {
		is_socket[result] = 1
		is_blocking[result] = $0 !~ /SOCK_NONBLOCK/
	}
	call == "close" { is_socket[fd] = 0 }
	call == "fcntl" && /F_SETFL.*O_NONBLOCK/ { is_blocking[fd] = 0 }
	call ~ /^(connect|accept4?|send(to|msg|mmsg)|recv(from|msg|mmsg)|read|write)$/ &&
	    is_socket[fd] && is_blocking[fd] && !/MSG_DONTWAIT/ {
		found(call " on a blocking socket")
	}
	call ~ /^p?poll$/ && !/, 0[),]/ && !/tv_sec=0, tv_nsec=0/ { found(call) }
	call ~ /^p?select6?$/ && !/tv_[un]*sec=0, tv_[un]*sec=0/ { found(call) }
	call ~ /^(clone3?|v?fork)$/ { found("a thread or process (" call ")") }
	call ~ /^(clock_)?nanosleep$|^pause$|^rt_sigsuspend$|^rt_sigtimedwait$/ {
		found(call)
	}
	call ~ /^wait(4|id)$/ && !/WNOHANG/ { found(call) }
	call == "futex" && /FUTEX_WAIT/ { found("futex") }
	call == "open" || call == "openat" {
		if (/libnss|libresolv|host[.]conf|gai[.]conf|nscd/)
			found("a file of getaddrinfo")
	}
	call ~ /^epoll_p?wait2?$/ { waits++ }
	call == "connect" && /sin6?_port=htons[(]53[)]/ { queries++ }
	END {
		for (i = 1; i <= kinds; i++)
			text = text sprintf("%s%s (%d)", i > 1 ? ", " : "",
			    order[i], count[order[i]])
		printf "%d epoll_wait; any other call that blocks, thread, or " \
		    "file of getaddrinfo: %s\n", waits,
		    kinds == 0 ? "none (holds)" : "MISSED: " text
	}
'

row_waits() {
	local names_client who verdict

	if ! command -v strace >/dev/null; then
		notes[$row]="needs strace"
		return
	fi
	in_space || return 0
	make_files update u $UPDATE_COUNT 1024
	names_lists $NAMES_WAITS
	for who in bulkfetch curl; do
		choose_names "$who"
		[ -z "$why" ] || continue
		say "$row: $who"
		rm -rf "$T/out"
		mkdir "$T/out"
		timed -t $LIMIT_S strace -f -qq -s 0 -o "$T/strace.waits" \
			"${cmd[@]}" >/dev/null 2>"$T/stderr" </dev/null
		verdict=$(names_verdict "$who" $NAMES_WAITS)
		echo "- $who: $verdict; $(awk "$AWK_WAITS" \
			"$T/strace.waits")" >>"$T/waits"
	done
	rm -rf "$T/out"
	out_of_space
}

# --- the report ----------------------------------------------------------------

print_names_table() {
	[ -s "$T/names" ] || return 0
	for_notes | sed -n 's,^names/,,p' >"$T/notes"
	awk -F '\t' -v c=$NAMES_C "$AWK_MEDIAN"'
	FILENAME ~ /notes$/ {
		split($0, word, " ")
		notes[word[1]] = substr($0, length(word[1]) + 2)
		next
	}
	!($1 in count) { order[++n] = $1 }
	{
		count[$1] = $3
		if (most < $3)
			most = $3
		if ($10 != "right: " $3) {
			wrong[$1]++
			last[$1] = $10
			next
		}
		runs[$1]++
		wall[$1] = wall[$1] " " $4
		cpu[$1] = cpu[$1] " " $5 + $6
		rss[$1] = rss[$1] " " $7
		busy[$1] = busy[$1] " " $9
		if (!($1 in min) || $4 < min[$1]) min[$1] = $4
		if ($4 > max[$1]) max[$1] = $4
	}
	function rate(who) {
		return runs[who] > 0 ? count[who] / median(wall[who]) : 0
	}
	function line(who,    note, w) {
		note = notes[who]
		if (count[who] < most)
			note = note (note == "" ? "" : "; ") \
			    "fewer names, for it is slow"
		if (wrong[who] > 0)
			note = note (note == "" ? "" : "; ") sprintf( \
			    "%s (%d of %d runs)", last[who], wrong[who],
			    wrong[who] + runs[who])
		if (runs[who] == 0) {
			printf "| %s | %d | | | | | | | %s |\n", who,
			    count[who], note
			return
		}
		w = median(wall[who])
		printf "| %s | %d | %.3f | %d | %.1f | %.1f | %.1f | %d %% " \
		    "| %s |\n", who, count[who], w, rate(who),
		    median(cpu[who]) * 1e6 / count[who],
		    median(busy[who]) / count[who], median(rss[who]) / 1024,
		    100 * (max[who] - min[who]) / w, note
	}
	END {
		printf "\n## names\n\n%d distinct names, answered by dnsmasq; " \
		    "a file of 1024 octets from each,\n%d connections. server " \
		    "us: of dnsmasq and nginx together.\n\n", most, c
		print "| | names | wall s | names/s | CPU us | server us | " \
		    "peak MiB | spread | |"
		print "|---|--:|--:|--:|--:|--:|--:|--:|---|"
		for (i = 1; i <= n; i++) {
			line(order[i])
			if (order[i] ~ /^(curl|aria2c)$/ &&
			    rate(order[i]) > rate("bulkfetch"))
				behind = behind " " order[i]
		}
		if (runs["bulkfetch"] == 0)
			exit
		printf "\n- bulkfetch: %d names/s, ahead of every peer that " \
		    "fetches: %s", rate("bulkfetch"),
		    (behind == "" ? "holds" : "MISSED:" behind)
		if (runs["adnshost"] > 0)
			printf "; with -4 %.2f of the rate of lookups alone",
			    rate("bulkfetch -4") / rate("adnshost")
		print ""
	}' "$T/notes" "$T/names"
}

print_names_memory() {
	[ -s "$T/names-memory" ] || return 0
	awk -v limit=$MEMORY_S -v above=$NAMES_ABOVE_MIB '
	BEGIN {
		print "\n## Memory with names\n"
		print "`-I -c 200`, from a pipe, stopped after " limit " s.\n"
		print "| names | lines | wall s | peak MiB | after 10 s | |"
		print "|--:|--:|--:|--:|--:|---|"
	}
	{
		note = $7 == 0 ? "" : "exit status " $7
		if ($7 == 124)
			note = "stopped after " $9 " lines"
		printf "| %d | %d | %.1f | %.1f | %s | %s |\n", $1, $2, $3,
		    $6 / 1024, ($3 > 10 ? sprintf("%.1f", $8 / 1024) : ""), note
		if ($7 != 0 && $7 != 124)
			failed = 1
		peak[++n] = $6 / 1024
	}
	END {
		if (n == 2 && !failed)
			printf "\n- names: %.1f MiB above the usual (%d or " \
			    "less: %s)\n", peak[2] - peak[1], above,
			    (peak[2] - peak[1] <= above ? "holds" : "MISSED")
	}' "$T/names-memory"
}

print_waits() {
	[ -s "$T/waits" ] || return 0
	printf '\n## Waiting for names\n\n%s\n\n' \
		"strace -f, $NAMES_WAITS names, $NAMES_C connections."
	cat "$T/waits"
}

print_names() {
	print_names_table
	print_names_memory
	print_waits
}
