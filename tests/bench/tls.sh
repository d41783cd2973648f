# shellcheck shell=bash disable=SC2034,SC2154 # rig has it, or uses it
#
# tls.sh - the rows of rig that have https in them.  Sourced by rig.
#
# An nginx of their own serves the same files with a P-256 certificate, from a
# CA that exists for the run; each contender verifies it by that CA's file.
# There is no floor with TLS in it: curl is 1.00 here, and the same files by
# plain http, from the same server, show what TLS takes.
#
# That nginx listens on one port; what becomes of a connection is said by the
# address, the last octet below 127.0.0.0.  Where each request has a connection
# there are several, because an address has 28,000 ports, and a port stays
# taken for a while after its connection.

HTTPS_COUNT=5000     # files where handshakes are what counts
HTTPS_LARGE_COUNT=16
HTTPS_CONNECTIONS=1000
HTTPS_MIB=100        # what that many connections may take
HTTPS_RESUMED=90     # percent; the first of each connection cannot be
HTTPS_ADDRESSES=8
HTTPS_KEPT=1
HTTPS_FULL=11
HTTPS_RESUMABLE=21
HTTPS_COUNTED=31     # kept alive, and its connections are counted
HTTPS_PLAIN=101

https_port=
https_worker=

unset SSLKEYLOGFILE SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE

: >"$T/https"
: >"$T/https-rows"
: >"$T/https-resumed"
: >"$T/https-memory"

# --- the server ----------------------------------------------------------------

https_certificates() {
	cat >"$T/ca.cnf" <<-END
		[req]
		distinguished_name = name
		prompt = no
		[name]
		CN = bulkfetch bench
		[ca]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign
		subjectKeyIdentifier = hash
		[server]
		basicConstraints = critical, CA:FALSE
		keyUsage = critical, digitalSignature
		extendedKeyUsage = serverAuth
		subjectAltName = $(https_addresses | sed 's/^/IP:/' |
			paste -sd, -)
	END
	openssl ecparam -name prime256v1 -genkey -noout -out "$T/ca.key" &&
		openssl req -config "$T/ca.cnf" -extensions ca -x509 -days 2 \
			-sha256 -key "$T/ca.key" -out "$T/ca.pem" &&
		openssl ecparam -name prime256v1 -genkey -noout \
			-out "$T/server.key" &&
		openssl req -config "$T/ca.cnf" -new -key "$T/server.key" \
			-subj "/CN=bulkfetch bench server" \
			-out "$T/server.csr" &&
		openssl x509 -req -days 2 -sha256 -in "$T/server.csr" \
			-CA "$T/ca.pem" -CAkey "$T/ca.key" -set_serial 2 \
			-extfile "$T/ca.cnf" -extensions server \
			-out "$T/server.pem"
} >/dev/null 2>"$T/stderr"

# Those that have TLS.
https_addresses() {
	local first i

	for first in $HTTPS_KEPT $HTTPS_FULL $HTTPS_RESUMABLE $HTTPS_COUNTED; do
		for ((i = first; i < first + HTTPS_ADDRESSES; i++)); do
			echo "127.0.0.$i"
		done
	done
}

https_server() { # port first-address options-of-listen directive...
	local i

	echo "server {"
	for ((i = $2; i < $2 + HTTPS_ADDRESSES; i++)); do
		echo "listen 127.0.0.$i:$1 backlog=4096 $3;"
	done
	printf '%s;\n' "root $T/docroot" "${@:4}"
	echo "}"
}

# The log is buffered, and costs the server little beside a handshake.
https_servers() { # port
	local log="access_log $T/https.log https buffer=64k flush=100ms"

	cat <<-END
		log_format https '\$ssl_session_reused \$connection';
		ssl_certificate $T/server.pem;
		ssl_certificate_key $T/server.key;
		ssl_protocols TLSv1.2 TLSv1.3;
		ssl_session_cache off;
		ssl_session_tickets off;
	END
	https_server "$1" $HTTPS_KEPT ssl
	https_server "$1" $HTTPS_FULL ssl "keepalive_timeout 0" "$log"
	https_server "$1" $HTTPS_RESUMABLE ssl "keepalive_timeout 0" "$log" \
		"ssl_session_tickets on"
	https_server "$1" $HTTPS_COUNTED ssl "$log"
	https_server "$1" $HTTPS_PLAIN ""
	https_server "$1" $((HTTPS_PLAIN + HTTPS_ADDRESSES)) "" \
		"keepalive_timeout 0"
}

# Says why not, if not.
https_start() {
	if [ "$server" != nginx ]; then
		echo "needs nginx"
	elif ! nginx -V 2>&1 | grep -q with-http_ssl_module; then
		echo "needs an nginx that has TLS"
	elif ! command -v openssl >/dev/null; then
		echo "needs the openssl command, for a certificate"
	elif [ ! -x "$BULKFETCH" ]; then
		echo "bulkfetch is not built"
	elif ! https_certificates; then
		echo "no certificate: $(tail -n 1 "$T/stderr")"
	fi >"$T/https.why"
	[ ! -s "$T/https.why" ] || return 1
	if ! start_nginx https-nginx https_servers 2>"$T/stderr"; then
		echo "nginx did not start with TLS: $(
			tail -n 1 "$T/stderr")" >"$T/https.why"
		return 1
	fi
	https_port=$nginx_port
	https_worker=$nginx_worker
	https_trial
}

# One file, for what may be missing that only bulkfetch knows of.
https_trial() {
	make_files small s $SMALL_COUNT 1024
	"$BULKFETCH" -q --cacert "$T/ca.pem" -o - \
		"https://127.0.0.1:$https_port/small/s00000" \
		>"$T/stdout" 2>"$T/stderr" </dev/null && return
	echo "bulkfetch has no https here: $(tail -n 1 "$T/stderr")" \
		>"$T/https.why"
	return 1
}

# For a row: whether it can be.
https_ready() {
	[ -n "$https_port" ] || [ -e "$T/https.why" ] || https_start
	[ -s "$T/https.why" ] || return 0
	notes[$row]=$(cat "$T/https.why")
	return 1
}

# --- one row -------------------------------------------------------------------

# The lists of make_lists, and $T/list.plain for http.
https_lists() { # set prefix count first-address first-plain-address addresses
	into=$T/out
	awk -v set="$1" -v prefix="$2" -v count="$3" -v first="$4" \
		-v plain="$5" -v addresses="$6" -v port="$https_port" \
		-v into="$into" -v list="$T/list" '
	BEGIN {
		for (i = 0; i < count; i++) {
			name = sprintf("%s%05d", prefix, i)
			n = i % addresses
			where = ":" port "/" set "/" name
			url = "https://127.0.0." (first + n) where
			print url >list
			print "http://127.0.0." (plain + n) where \
			    >(list ".plain")
			print url "\n out=" name >(list ".aria2c")
			print "url = \"" url "\"\noutput = \"" into "/" name \
			    "\"" >(list ".curl")
		}
	}'
}

# With bulkfetch goes what TLS takes of its rate.
https_contenders() {
	local who

	for who in $contenders; do
		case $who in
		floor) ;;
		bulkfetch) echo http bulkfetch ;;
		*) echo "$who" ;;
		esac
	done | paste -sd ' ' -
}

choose_https() { # who c
	if [ "$1" = http ]; then
		why=
		note="the same without TLS"
		cmd=("$BULKFETCH" -q -c "$2" -d "$T/out" "$T/list.plain")
		return
	fi
	choose_contender "$1" "$2"
	case $1 in
	aria2c | wget2) cmd+=("--ca-certificate=$T/ca.pem") ;;
	*) cmd+=(--cacert "$T/ca.pem") ;;
	esac
}

# What the server wrote of a run: how many requests, how many of them on a
# resumed session, and on how many connections.  It is late by 100 ms, or more.
https_log() { # count
	local i

	for ((i = 0; i < 30; i++)); do
		sleep 0.1
		[ "$(wc -l <"$T/https.log")" -lt "$1" ] || break
	done
	awk '
	$1 == "r" { resumed++ }
	!($2 in seen) { seen[$2]; connections++ }
	END { print NR, resumed + 0, connections + 0 }' "$T/https.log"
}

# Adds a line to $T/https as run_one does to $T/results, and where each request
# has a handshake one to $T/https-resumed: row who requests resumed connections
https_one() { # who round pair prefix count size
	local results=$T/https

	choose_https "$1" "$c"
	: >"$T/https.log"
	run_one "$@" "$https_worker" check || return 1
	[ "$1" != http ] || return 0
	case $row in
	https-full | https-resumed)
		echo "$row $1 $(https_log "$5")" >>"$T/https-resumed"
		;;
	esac
}

# Those that others are compared with run several times a round.
https_turn() { # who, and what https_row has got
	local who=$1

	case $who in
	http | bulkfetch | curl) ;;
	*) [ "$pair" = 1 ] || return 0 ;;
	esac
	[ -z "${skip[$row/$who]-}" ] || return 0
	if ! https_one "$who" "$round" "$pair" "$3" "$4" "$5"; then
		[ -z "${skip[$row/$who/wrong]-}" ] || skip[$row/$who]=1
		skip[$row/$who/wrong]=1
	elif [ "$wall" -ge $SLOW_S ]; then
		skip[$row/$who]=1
		notes[$row/$who]="one round, for it took $wall s"
	fi
}

https_row() { # set prefix count size c first-address plain-address addresses
	local round pair who order wall c=$5 all

	https_ready || return 0
	all=$(https_contenders)
	make_files "$1" "$2" "$3" "$4"
	https_lists "$1" "$2" "$3" "$6" "$7" "$8"
	echo "$row $3 $4 $c" >>"$T/https-rows"
	for who in $all; do
		choose_https "$who" "$c"
		notes[$row/$who]=${why:-$note}
		[ -z "$why" ] || skip[$row/$who]=1
	done
	# The first to touch memory pays for it.
	https_one bulkfetch 0 0 "$2" "$3" "$4"
	for ((round = 1; round <= rounds; round++)); do
		say "$row: round $round of $rounds"
		for ((pair = 1; pair <= pairs; pair++)); do
			order=$all
			[ $((pair % 2)) = 1 ] || order=$(contenders=$all reversed)
			for who in $order; do
				https_turn "$who" "$@"
			done
		done
	done
	rm -rf "$T/out"
}

row_https-c200() {
	https_row small s $SMALL_COUNT 1024 200 $HTTPS_KEPT $HTTPS_PLAIN 1
}

row_https-full() {
	https_row small s $HTTPS_COUNT 1024 200 $HTTPS_FULL \
		$((HTTPS_PLAIN + HTTPS_ADDRESSES)) $HTTPS_ADDRESSES
}

row_https-resumed() {
	https_row small s $HTTPS_COUNT 1024 200 $HTTPS_RESUMABLE \
		$((HTTPS_PLAIN + HTTPS_ADDRESSES)) $HTTPS_ADDRESSES
}

row_https-large-c8() {
	https_row https-large l $HTTPS_LARGE_COUNT 16777216 8 $HTTPS_KEPT \
		$HTTPS_PLAIN 1
	rm -rf "$T/docroot/https-large"
}

# --- https-memory and https-syscalls -------------------------------------------

# Adds a line to $T/https-memory: who connections figures seen verdict...
# The peak of curl has its list in it, but so have both of its runs.
https_memory_run() { # who c
	local seen verdict

	say "$row: $1, $2 connections"
	choose_https "$1" "$2"
	[ -z "$why" ] || return 0
	rm -rf "$T/out"
	mkdir -p "$T/out"
	: >"$T/https.log"
	timed -t $LIMIT_S "${cmd[@]}" >"$T/stdout" 2>"$T/stderr" </dev/null
	seen=$(https_log $HTTPS_COUNT)
	[ "$1" != http ] || seen="0 0 $2" # not logged
	verdict=$(verify s $HTTPS_COUNT 1024 check)
	echo "$1 $2 $(cat "$T/run") ${seen##* } $verdict" >>"$T/https-memory"
}

row_https-memory() {
	local c

	https_ready || return 0
	make_files small s $SMALL_COUNT 1024
	https_lists small s $HTTPS_COUNT $HTTPS_COUNTED $HTTPS_PLAIN 1
	https_memory_run http 1
	https_memory_run http $HTTPS_CONNECTIONS
	for c in 1 200 $HTTPS_CONNECTIONS; do
		https_memory_run bulkfetch $c
	done
	if [[ " $contenders " == *" curl "* ]]; then
		for c in 1 200 $CURL_MAX; do
			https_memory_run curl $c
		done
	fi
	rm -rf "$T/out"
}

row_https-syscalls() {
	if ! command -v strace >/dev/null; then
		notes[$row]="needs strace"
		return
	fi
	https_ready || return 0
	make_files small s $SMALL_COUNT 1024
	https_lists small s $SMALL_COUNT $HTTPS_KEPT $HTTPS_PLAIN 1
	for who in bulkfetch curl; do
		[[ " $contenders " == *" $who "* ]] || continue
		choose_https $who 200
		[ -z "$why" ] || continue
		say "$row: $who"
		rm -rf "$T/out"
		mkdir "$T/out"
		timed -t $LIMIT_S strace -f -c -o "$T/strace.https.$who" \
			"${cmd[@]}" >/dev/null 2>"$T/stderr" </dev/null
	done
	rm -rf "$T/out"
}

# --- the report ----------------------------------------------------------------

print_https_machine() {
	cat <<-END

		## https

		\`$command_line\` on $(date -u +%Y-%m-%d):

		- server: $(version nginx -v), $(version openssl version |
			cut -d ' ' -f 1,2)
		- $(version curl --version)
		- $(version "$BULKFETCH" --version)$(
			"$BULKFETCH" --version 2>/dev/null |
			sed -n 's/^https *[^ ]* */, /p')

		A certificate on P-256, verified by every contender by the same CA.
		$rounds rounds, bulkfetch and curl $pairs times a round; files are compared
		and figures are named as above, but there is no floor with TLS in it:

		- rate, CPU, curl 1.00: more is better: curl's wall or CPU time over
		  theirs, the median of the rounds' own ratios
		- http: bulkfetch, for the same files from the same server without TLS
		- resumed: the share of handshakes that were, by nginx's log, least of
		  all runs
	END
}

print_https_rows() {
	[ -s "$T/https-rows" ] || return 0
	for_notes >"$T/notes"
	awk -v quick=$quick -v all="$(https_contenders)" \
		-v cores="$(nproc)" -v least=$HTTPS_RESUMED "$AWK_MEDIAN"'
	FILENAME ~ /notes$/ {
		key = $1
		$1 = ""
		note[key] = substr($0, 2)
		next
	}
	FILENAME ~ /rows$/ {
		order[++rows] = $1
		count[$1] = $2; size[$1] = $3; c[$1] = $4
		next
	}
	FILENAME ~ /resumed$/ {
		k = $1 "/" $2
		share = $3 > 0 ? 100 * $4 / $3 : 0
		if (!(k in resumed) || share < resumed[k])
			resumed[k] = share
		if (share > resumed_most[k])
			resumed_most[k] = share
		next
	}
	{
		k = $1 "/" $2
		verdict = $12
		for (i = 13; i <= NF; i++)
			verdict = verdict " " $i
		if (verdict !~ /^right/) {
			wrong[k]++
			last[k] = verdict
			next
		}
		runs[k]++
		wall[k] = wall[k] " " $5
		cpu[k] = cpu[k] " " $6 + $7
		rss[k] = rss[k] " " $8
		busy[k] = busy[k] " " $10
		other = ($11 - $10) / 1e6 - $6 - $7
		others[$1] = others[$1] " " (other > 0 ? other / $5 / cores : 0)
		if (!(k in min) || $5 < min[k]) min[k] = $5
		if ($5 > max[k]) max[k] = $5
		# Compared when all runs are read: curl may come after.
		seen[++n] = k
		at[n] = $1 SUBSEP $3 SUBSEP $4
		its_wall[n] = $5; its_cpu[n] = $6 + $7
		if ($2 == "curl") {
			curl_wall[at[n]] = $5
			curl_cpu[at[n]] = $6 + $7
		}
		if ($2 == "http")
			http_wall[at[n]] = $5
	}
	function compare(    i, k) {
		for (i = 1; i <= n; i++) {
			k = seen[i]
			if (at[i] in http_wall)
				hr[k] = hr[k] " " http_wall[at[i]] / its_wall[i]
			if (!(at[i] in curl_wall) || its_cpu[i] <= 0)
				continue
			wr[k] = wr[k] " " curl_wall[at[i]] / its_wall[i]
			cr[k] = cr[k] " " curl_cpu[at[i]] / its_cpu[i]
		}
	}
	function also(text, more) {
		return text (text == "" || more == "" ? "" : "; ") more
	}
	function line(row, who,    k, w, text) {
		k = row "/" who
		text = note[k]
		if (wrong[k] > 0)
			text = also(text, sprintf("%s (%d of %d runs)", last[k],
			    wrong[k], wrong[k] + runs[k]))
		if (runs[k] == 0) {
			if (text == "") text = "did not run"
			printf "| %s | | | | | | | | | | %s |\n", who, text
			return
		}
		w = median(wall[k])
		printf "| %s | %.3f | %d | %.1f | %.1f | %.1f | ", who, w,
		    count[row] / w, median(cpu[k]) * 1e6 / count[row],
		    median(busy[k]) / count[row], median(rss[k]) / 1024
		if (wr[k] == "")
			printf "| | "
		else
			printf "%.2f | %.2f | ", median(wr[k]), median(cr[k])
		printf "%s | %d %% | %s |\n",
		    (k in resumed ? sprintf("%.1f %%", resumed[k]) : ""),
		    100 * (max[k] - min[k]) / w, text
	}
	function short(row,    k, w) {
		k = row "/bulkfetch"
		if (runs[k] == 0) {
			print row ": no run was right: " last[k]
			return
		}
		w = median(wall[k])
		printf "%s: bulkfetch: %d requests/s, %.1f MB/s, %.1f us of " \
		    "CPU each", row, count[row] / w,
		    count[row] * size[row] / w / 1e6,
		    median(cpu[k]) * 1e6 / count[row]
		if (hr[k] != "")
			printf ", %.2f of http", median(hr[k])
		printf "; %d of %d runs right\n", runs[k], runs[k] + wrong[k]
	}
	function verdict_of(row,    k, w, p) {
		k = row "/bulkfetch"
		if (runs[k] == 0)
			return
		if (!told++)
			print "\n### Ahead of curl\n"
		printf "- %s:", row
		if (cr[k] != "") {
			w = median(wr[k])
			p = median(cr[k])
			printf " CPU %.2f beside curl (%s), rate %.2f (%s);", p,
			    (p > 1 ? "ahead" : "MISSED"), w,
			    (w > 1 ? "ahead" : "MISSED")
		}
		if (hr[k] != "")
			printf " rate %.2f of http", median(hr[k])
		if (row == "https-full")
			printf "; resumed %.1f %% (none: %s)", resumed_most[k],
			    (resumed_most[k] == 0 ? "holds" : "MISSED")
		if (row == "https-resumed")
			printf "; resumed %.1f %% (%d or more: %s)", resumed[k],
			    least, (resumed[k] >= least ? "holds" : "MISSED")
		print ""
	}
	END {
		compare()
		w = split(all, who, " ")
		for (r = 1; r <= rows; r++) {
			row = order[r]
			if (quick) {
				short(row)
				continue
			}
			printf "\n### %s\n\n%d files of %d octets, %d " \
			    "connections%s. Others took %d %% of the " \
			    "machine.\n\n", row, count[row], size[row], c[row],
			    (row ~ /full|resumed/ ? ", one a request" : ""),
			    100 * median(others[row])
			print "| | wall s | requests/s | CPU us | server us | " \
			    "peak MiB | rate, curl 1.00 | CPU, curl 1.00 | " \
			    "resumed | spread | |"
			print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|"
			for (i = 1; i <= w; i++)
				line(row, who[i])
		}
		if (quick)
			exit
		for (r = 1; r <= rows; r++)
			verdict_of(order[r])
	}' "$T/notes" "$T/https-rows" "$T/https-resumed" "$T/https"
}

print_https_memory() {
	[ -s "$T/https-memory" ] || return 0
	for_notes >"$T/notes"
	awk -v count=$HTTPS_COUNT -v many=$HTTPS_CONNECTIONS \
		-v target=$HTTPS_MIB -v curl_most=$CURL_MAX '
	BEGIN {
		printf "\n### Memory of a TLS connection\n\n%d files of " \
		    "1024 octets, kept alive.\n\n", count
		print "| | connections | peak MiB | KiB a connection | |"
		print "|---|--:|--:|--:|---|"
	}
	{
		text = $9
		for (i = 10; i <= NF; i++)
			text = text " " $i
		right = text == "right: " count && $7 == 0
		text = right ? "" : "exit status " $7 ", " text
		if ($8 < $2) {
			text = text (text == "" ? "" : "; ") $8 \
			    " connections seen"
			right = 0
		}
		if ($1 == "curl" && $2 == curl_most)
			text = text (text == "" ? "" : "; ") "curl\047s most"
		if ($2 == 1)
			alone[$1] = $6
		printf "| %s | %d | %.1f | %s | %s |\n", $1, $2, $6 / 1024,
		    ($2 > 1 && $1 in alone ? \
		    sprintf("%.1f", ($6 - alone[$1]) / ($2 - 1)) : ""), text
		if ($1 == "bulkfetch" && $2 == many && right)
			peak = $6 / 1024
	}
	END {
		printf "\n- bulkfetch: %d connections take ", many
		if (peak == "")
			print "no one knows what: MISSED"
		else
			printf "%.1f MiB in all (%d or less: %s)\n", peak,
			    target, (peak <= target ? "holds" : "MISSED")
	}' "$T/https-memory"
}

print_https_syscalls() {
	local who

	for who in bulkfetch curl; do
		[ ! -s "$T/strace.https.$who" ] ||
			print_strace "$T/strace.https.$who" "$who, kept-alive" \
				>>"$T/https-syscalls"
	done
	[ -s "$T/https-syscalls" ] || return 0
	printf '\n### System calls a request\n\n%s\n\n' \
		"strace -c, $SMALL_COUNT files of 1024 octets, 200 connections."
	cat "$T/https-syscalls"
}

print_https() {
	{
		print_https_rows
		print_https_memory
		print_https_syscalls
	} >"$T/https.tables"
	[ -s "$T/https.tables" ] || return 0
	[ $quick = 1 ] || print_https_machine
	cat "$T/https.tables"
}
