package pattern

import "strings"

// commands are programs that an attack runs, and whether their names are seldom
// words of prose.
var commands = func() map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq("id whoami ls uname wget curl nc ncat netcat zsh ksh csh rm chmod chown ifconfig ipconfig netstat pwd sudo " +
		"su powershell pwsh python2 python3 nslookup tftp scp ssh telnet ftp certutil bitsadmin mshta regsvr32 rundll32 " +
		"wmic systeminfo tasklist taskkill grep awk xargs socat base64 base32 xxd mkfifo crontab useradd userdel " +
		"usermod adduser passwd iptables systemctl mysql mysqldump psql pg_dump sqlite3 gcc ps killall printenv env " +
		"busybox dpkg apt apt-get yum hostname traceroute cmd cmd.exe dir type lsof mkdir rmdir cp mv tar gzip gunzip " +
		"unzip openssl gpg npm pip docker kubectl ifdown reboot poweroff tcpdump nmap hydra sqlmap msfconsole vim " +
		"chattr umount insmod modprobe strace gdb rsync nohup tmux ulimit uptime lastlog lsblk lscpu df du vmstat fdisk " +
		"mkfs fsck losetup blkid journalctl dmesg sysctl redis-cli mongo git svn javac rustc vi getent logname iwconfig " +
		"tac seq expr icacls cacls robocopy xcopy findstr schtasks wevtutil vssadmin bcdedit diskpart runas qwinsta " +
		"gpresult nbtstat driverquery msiexec cscript wscript installutil msbuild ln stat readlink realpath whereis " +
		"lynx w3m fetch aria2c rlogin rsh tclsh lua5.1 awk gawk mawk nawk crond sshd ") {
		all[name] = true
	}
	for name := range strings.FieldsSeq("sh bash cat sleep echo head tail sort find touch cut more less date time at who w top test true false set unset " +
		"printf read wait net route last screen history export alias source exec mount node reg host mail finger watch " +
		"yes make split join paste look which man info file link locate rev shutdown halt eval tee dash ping kill sed " +
		"dig dd php lua ruby perl python service init users groups ip free go java write batch nice jobs trap copy del " +
		"move ren format query ver vol tree start sc cipher ed nl od tr strings arp ss emacs nano ") {
		all[name] = false
	}
	return all
}()

// shellWords are the words at which a command may begin without anything before
// it, each with what follows.
var shellWords = map[string]keyword{
	"rm": lookWithArguments, "wget": lookWithArguments, "curl": lookWithArguments, "chmod": lookWithArguments, "chown": lookWithArguments, "sudo": lookWithArguments, "nc": lookWithArguments, "ncat": lookWithArguments, "bash": lookWithArguments, "sh": lookWithArguments, "powershell": lookWithArguments, "pwsh": lookWithArguments, "python": lookWithArguments, "python3": lookWithArguments, "perl": lookWithArguments, "ruby": lookWithArguments, "certutil": lookWithArguments, "mshta": lookWithArguments, "rundll32": lookWithArguments, "cat": lookWithArguments, "tail": lookWithArguments, "ping": lookWithArguments, "nslookup": lookWithArguments, "dd": lookWithArguments, "mkfs": lookWithArguments, "cmd": lookWithArguments, "socat": lookWithArguments, "telnet": lookWithArguments, "ssh": lookWithArguments, "scp": lookWithArguments, "iex": lookWithArguments, "find": lookWithArguments, "kill": lookWithArguments, "tar": lookWithArguments, "useradd": lookWithArguments, "bitsadmin": lookWithArguments, "mkfifo": lookWithArguments, "ls": lookWithArguments, "crontab": lookWithArguments, "echo": lookWithArguments, "base64": lookWithArguments, "net": lookWithArguments, "reg": lookWithArguments, "nohup": lookWithArguments, "env": lookWithArguments, "sed": lookWithArguments, "awk": lookWithArguments, "grep": lookWithArguments, "cp": lookWithArguments, "mv": lookWithArguments, "openssl": lookWithArguments, "regsvr32": lookWithArguments, "killall": lookWithArguments, "xxd": lookWithArguments,
	"system": lookSystemCall, "popen": lookSystemCall, "shell_exec": lookSystemCall, "passthru": lookSystemCall, "proc_open": lookSystemCall, "subprocess": lookSystemCall, "execsync": lookSystemCall, "child_process": lookSystemCall, "getruntime": lookSystemCall, "processbuilder": lookSystemCall, "__import__": lookSystemCall, "os": lookSystemCall, "invoke": lookSystemCall, "start": lookSystemCall, "new": lookSystemCall, "__class__": lookSystemCall, "__globals__": lookSystemCall, "require": lookSystemCall,
}

// withArguments looks at a command with arguments that no prose has.
func (s *scanner) withArguments(start, end int) int {
	if s.byteAt(start-1) == '.' || s.byteAt(start-1) == '/' && !s.hasAt(start-4, "bin/") {
		return start
	}
	i := s.spaces(end)
	if i == end && !s.hasAt(end, "${ifs}") && !s.hasAt(end, "$ifs") && !s.hasAt(end, "<") && !s.hasAt(end, ".exe") && !s.hasAt(end, "\\t") {
		return start
	}
	if !s.argument(i, start, end) {
		return start
	}
	s.add(Shell, start, end)
	return end
}

// argument reports whether what follows a command is an option, a path, an
// address or a variable.
func (s *scanner) argument(i, start, end int) bool {
	c := s.byteAt(i)
	switch {
	case c == '-' && (isAlnum(s.byteAt(i+1)) || s.byteAt(i+1) == '-' && isLetter(s.byteAt(i+2))):
		return true
	case c == '/':
		return isLetter(s.byteAt(i+1)) && strings.IndexByte(s.within(i+1, 40), '/') > 0 || s.wordAt(start, "cmd") || s.wordAt(start, "net") || s.anyWordAt(i+1, "etc", "bin", "tmp", "var", "proc", "root", "home", "dev", "c", "usr", "opt") > i+1 || i+1 == len(s.text) || isSpace(s.byteAt(i+1)) || s.anyWordAt(start, "dir", "ipconfig", "type", "tasklist", "reg", "shutdown") > start
	case isLetter(c) && s.hasAt(i+1, ":\\"):
		return true
	case c == '~' || c == '.' && (s.byteAt(i+1) == '/' || s.byteAt(i+1) == '.' && s.byteAt(i+2) == '/'):
		return true
	case c == '$' || c == '<' && i == end || c == '`':
		return isLetter(s.byteAt(i+1)) || s.byteAt(i+1) == '{' || s.byteAt(i+1) == '(' || s.byteAt(i+1) == '/' || s.byteAt(i+1) == '<'
	case c == '.' && s.hasAt(i, ".exe"):
		return true
	case isDigit(c):
		return s.anyWordAt(start, "chmod") > start && isDigit(s.byteAt(i+2)) || s.anyWordAt(start, "nc", "ncat", "ping", "telnet", "ssh", "curl", "wget") > start && strings.Count(s.within(i, 16), ".") >= 3
	}
	switch {
	case s.hasAt(i, "http://"), s.hasAt(i, "https://"), s.hasAt(i, "ftp://"), s.hasAt(i, "if=/"), s.hasAt(i, "javascript:"), s.hasAt(i, "tcp"):
		return true
	case s.anyWordAt(start, "sudo") > start:
		return s.isCommand(i, true)
	case s.anyWordAt(start, "service") > start:
		to := s.nameEnd(i)
		return s.anyWordAt(s.spaces(to), "start", "stop", "restart", "status") > to+1
	case s.anyWordAt(start, "rm", "cat", "curl", "wget", "ping", "nslookup", "dig", "host", "telnet", "ssh", "nc", "scp", "mv", "cp") > start:
		return s.hasDomain(i)
	case s.anyWordAt(start, "net") > start:
		return s.anyWordAt(i, "user", "localgroup", "share") > i && s.behind(start)
	}
	return false
}

// hasDomain reports whether a name with dots, as of a file or a host, begins at
// a byte and ends with a space.
func (s *scanner) hasDomain(i int) bool {
	j, dots := i, 0
	for j < len(s.text) && (isWord(s.text[j]) || s.text[j] == '-' || s.text[j] == '.' && isAlnum(s.byteAt(j+1)) || s.text[j] == '*') {
		if s.text[j] == '.' {
			dots++
		}
		j++
	}
	return dots > 0 && (j == len(s.text) || strings.IndexByte(" /;|&\n`)'\":", s.text[j]) >= 0) || s.byteAt(i) == '*' && j == i+1
}

// behind reports whether something that separates commands stands before a
// word.
func (s *scanner) behind(start int) bool {
	for start > 0 && s.text[start-1] == ' ' {
		start--
	}
	return start == 0 || strings.IndexByte(";|&`(\n", s.text[start-1]) >= 0
}

// isCommand reports whether the name of a command is at a byte. Names that are
// words of prose need an argument or, if they stand tight behind a sign, the
// end.
func (s *scanner) isCommand(i int, tight bool) bool {
	for _, directory := range []string{"/usr/local/bin/", "/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"} {
		if s.hasAt(i, directory) {
			return true
		}
	}
	var space [16]byte
	n := 0
	j := i
	for ; j < len(s.text) && n < len(space) && (isWord(s.text[j]) || s.text[j] == '-' && isLetter(s.byteAt(j+1)) || strings.IndexByte(`\'"`, s.text[j]) >= 0 && isLetter(s.byteAt(j+1))); j++ {
		if isWord(s.text[j]) || s.text[j] == '-' {
			space[n] = s.text[j] | 0x20*boolByte(isUpper(s.text[j]))
			n++
		}
	}
	sure, known := commands[string(space[:n])]
	if !known || n == 0 || n == len(space) {
		return false
	}
	next := s.spaces(j)
	ended := j == len(s.text) || strings.IndexByte(";|&`)\n<>'\"#$%", s.text[j]) >= 0
	switch {
	case sure:
		return ended || isSpace(s.text[j]) && (s.argument(next, i, j) || next == len(s.text) || !s.prose(next) || s.redirects(next)) || s.hasAt(j, ".exe")
	case ended && tight:
		return true
	case j < len(s.text) && isSpace(s.text[j]):
		c := s.byteAt(next)
		return s.argument(next, i, j) || s.anyWordAt(i, "sleep", "echo", "ping", "timeout") > i && (isDigit(c) || c == '$' || c == '"' || c == '\'') || tight && s.redirects(next) || next == len(s.text) && tight
	}
	return false
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// redirects reports whether a sign that separates commands or redirects output
// is at a byte.
func (s *scanner) redirects(i int) bool {
	return i < len(s.text) && strings.IndexByte(";|&>`)#", s.text[i]) >= 0
}

// prose reports whether words of prose follow, and not one argument.
func (s *scanner) prose(i int) bool {
	end := s.nameEnd(i)
	return s.byteAt(end) == ' ' && isLetter(s.byteAt(end+1))
}

// command looks at a sign behind which a command may stand.
func (s *scanner) command(i int) int {
	j := i + 1
	switch c := s.text[i]; {
	case c == '(':
		return i
	case c == '\n':
		if !s.hasAt(j, "/bin/") && !s.hasAt(j, "/usr/bin/") {
			if i == 0 || !s.isCommand(j, false) || s.quotes == 0 && !s.argument(s.spaces(s.wordEnd(j)), j, s.wordEnd(j)) {
				return i
			}
		}
	case c == '<' && s.byteAt(j) != '(' && s.byteAt(j) != '<':
		return i
	case (c == '|' || c == '&') && s.byteAt(j) == c:
		j++
	}
	j = s.while(j, " \t&|(<-")
	if j < i+2 && s.text[i] == '<' {
		return i
	}
	tight := j == i+1 || s.text[j-1] == s.text[i] || s.byteAt(i+1) == s.text[i]
	if s.byteAt(j) == '$' || s.byteAt(j) == '`' {
		return i
	}
	if !s.isCommand(j, tight) && !s.isCommand(j, s.byteAt(i-1) != ' ' && !isLetter(s.byteAt(i-1)) && s.text[i] != '&') {
		return i
	}
	s.add(Shell, i, s.nameEnd(j))
	return j
}

// substitution looks at a command within another: $(id), `id`, ${IFS}.
func (s *scanner) substitution(i int) int {
	switch {
	case s.hasAt(i, "$("), s.text[i] == '`':
		j := s.while(i+1, "( ")
		if s.text[i] == '`' && (strings.IndexByte(s.within(j, 200), '`') < 0 || s.hasAt(i, "```")) || !s.isCommand(j, true) && s.byteAt(j) != '<' && !s.hasAt(j, "{") && !s.isCall(i, j) {
			return i
		}
		s.add(Shell, i, s.nameEnd(j))
		return j
	case s.hasAt(i, "${ifs}"), s.hasAt(i, "$ifs"):
		s.add(Shell, i, i+4)
		return i + 4
	}
	return i
}

// isCall reports whether a name with arguments stands in $( ), where no prose
// does, and which is none of the selectors of JavaScript.
func (s *scanner) isCall(i, name int) bool {
	end := s.nameEnd(name)
	return s.text[i] == '$' && end > name+1 && isLetter(s.byteAt(name)) && isSpace(s.byteAt(end)) && strings.IndexByte(s.within(end, 200), ')') > 0
}

// bomb looks at the function that forks without end.
func (s *scanner) bomb(i int) int {
	const fork = ":(){"
	if !s.hasAt(i, fork) && !s.hasAt(i, ":() {") {
		return i
	}
	s.add(Shell, i, i+len(fork))
	return i + len(fork)
}

// systemCall looks at functions of programming languages that run commands.
func (s *scanner) systemCall(start, end int) int {
	c := s.byteAt(end)
	found := false
	switch strings.ToLower(s.text[start:end]) {
	case "system", "popen":
		found = c == '('
	case "shell_exec", "passthru", "proc_open", "execsync", "getruntime", "__import__", "processbuilder":
		found = c == '('
	case "subprocess":
		found = c == '.' && isLetter(s.byteAt(end+1))
	case "os":
		found = c == '.' && s.anyWordAt(end+1, "system", "popen", "execute", "remove", "exec", "environ") > end+1
	case "child_process", "__class__", "__globals__":
		found = true
	case "invoke":
		found = c == '-' && s.anyWordAt(end+1, "expression", "webrequest", "command") > end+1
	case "start":
		found = c == '-' && s.anyWordAt(end+1, "process") > end+1
	case "new":
		found = c == '-' && s.anyWordAt(end+1, "object") > end+1
	case "require":
		found = c == '(' && (s.byteAt(end+1) == '\'' || s.byteAt(end+1) == '"')
	}
	if !found {
		return start
	}
	s.add(Shell, start, end)
	return end
}
