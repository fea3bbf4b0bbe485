package pattern

import "strings"

// pathWords are the schemes of addresses that lead to files, and names of files
// that attacks ask for.
var pathWords = map[string]keyword{
	"file": lookAddress, "php": lookAddress, "expect": lookAddress, "gopher": lookAddress, "dict": lookAddress, "phar": lookAddress, "zip": lookAddress, "ldap": lookAddress, "jar": lookAddress, "netdoc": lookAddress, "sftp": lookAddress, "glob": lookAddress,
	"jndi": lookLookUp,
	"boot": lookFileName, "win": lookFileName, "web": lookFileName, "id_rsa": lookFileName, "wp": lookFileName,
}

func (s *scanner) address(start, end int) int {
	local := s.hasAt(start, "file") && s.hasAt(end, ":/")
	if !s.hasAt(end, "://") && !local {
		if s.hasAt(start, "php") {
			return s.withArguments(start, end)
		}
		return start
	}
	s.add(Path, start, end+3)
	return end + 3
}

// lookUp finds a look-up in a directory, which a logger would do.
func (s *scanner) lookUp(start, end int) int {
	if s.byteAt(end) != ':' {
		return start
	}
	s.add(Template, start, end+1)
	return end + 1
}

func (s *scanner) fileName(start int) int {
	for _, name := range []string{"boot.ini", "win.ini", "web.config", "web.xml", "id_rsa", "wp-config.php"} {
		if s.wordAt(start, name) {
			s.add(Path, start, start+len(name))
			return start + len(name)
		}
	}
	return start
}

// systemDirectories are where attacks look for files.
var systemDirectories = []string{
	"etc/", "proc/", "root/", "var/log", "var/www", "var/run", "var/lib", "usr/local", "usr/share", "home/", "dev/tcp", "dev/shm", "tmp/", "windows/", "winnt/", "boot.ini", "sys/class", "opt/", ".ssh/", ".git/", ".env", ".aws/", ".htaccess", ".htpasswd", ".bash_history", "web-inf/", "inetpub", "program files", ".svn/", ".docker/", "dev/null", "bin/sh", "bin/bash", "private/etc", "run/secrets", "users/administrator", "users/all",
}

// path looks at a sign with which a path out of a directory, or to a file of
// the system, may begin.
func (s *scanner) path(i int) int {
	switch s.text[i] {
	case '.':
		return s.upwards(i)
	case '%':
		if s.hasAt(i, "%2e%2e") || s.hasAt(i, "%00") && s.byteAt(i-1) != 0 || s.hasAt(i, "%c0%ae") || s.hasAt(i, "%252e") || s.hasAt(i, "%0d%0a") || s.hasAt(i, "%0a") && isLetter(s.byteAt(i+3)) && s.isCommand(i+3, true) {
			s.add(Path, i, i+3)
			return i + 3
		}
		if s.hasAt(i, "%systemroot%") || s.hasAt(i, "%windir%") || s.hasAt(i, "%appdata%") || s.hasAt(i, "%comspec%") {
			s.add(Path, i, i+8)
			return i + 8
		}
		return s.template(i)
	case '\\':
		return s.backslash(i)
	}
	if isAlnum(s.byteAt(i - 1)) {
		return i
	}
	for _, directory := range systemDirectories {
		if s.hasAt(i+1, directory) && (directory[len(directory)-1] != '/' || isWord(s.byteAt(i+1+len(directory))) || s.byteAt(i+1+len(directory)) == '.' || strings.IndexByte("?*/", s.byteAt(i+1+len(directory))) >= 0) {
			s.add(Path, i, i+1+len(directory))
			return i + 1 + len(directory)
		}
	}
	return i
}

// upwards looks at dots that lead out of a directory.
func (s *scanner) upwards(i int) int {
	end := s.while(i, ".")
	if end-i < 2 || end-i > 4 {
		return s.hidden(i, end)
	}
	sep := end
	for _, form := range []string{"/", "\\", "%2f", "%5c", "%252f", "%255c", "%c0%af", "%c1%9c", "%c0%9v", "%ef%bc%8f", "0x2f", "%u2215", "%u2216", "\u2215", "\u2216", ";/", "%00/"} {
		if s.hasAt(end, form) {
			sep = end + len(form)
			break
		}
	}
	if sep == end {
		return end
	}
	again := s.hasAt(sep, "..") || s.hasAt(sep, "/") || s.hasAt(sep, "%2e") || s.hasAt(sep, ".%2e") || s.hasAt(i-1, "/") || s.hasAt(i-1, "\\") || s.hasAt(i-1, "=") || i == 0
	if !again && isAlnum(s.byteAt(i-1)) || !again && isSpace(s.byteAt(sep)) || !isSpace(s.byteAt(i-1)) && !again && isLetter(s.byteAt(i-1)) {
		return end
	}
	s.add(Path, i, sep)
	return sep
}

// hidden looks at a dot before the name of a file with secrets.
func (s *scanner) hidden(i, end int) int {
	if end-i != 1 || isAlnum(s.byteAt(i-1)) {
		return end
	}
	for _, name := range []string{".ssh/", ".git/", ".htaccess", ".htpasswd", ".aws/", ".bash_history", ".env"} {
		if s.hasAt(i, name) && (name != ".env" || !isWord(s.byteAt(i+4))) {
			s.add(Path, i, i+len(name))
			return i + len(name)
		}
	}
	return end
}

// backslash looks at a path of Windows to a file of the system.
func (s *scanner) backslash(i int) int {
	drive := i - 2
	if s.byteAt(i-1) == ':' && drive >= 0 && isLetter(s.byteAt(drive)) && !isAlnum(s.byteAt(drive-1)) {
		if s.anyWordAt(s.while(i, "\\"), "windows", "winnt", "boot", "inetpub", "users", "program", "documents", "xampp", "autoexec", "pagefile", "config") > i+1 {
			s.add(Path, drive, i+1)
			return i + 1
		}
		return i
	}
	if s.hasAt(i, `\\`) && !isAlnum(s.byteAt(i-1)) {
		host := s.while(i, "\\")
		j := host
		for j < len(s.text) && (isWord(s.text[j]) || strings.IndexByte(".-@$?", s.text[j]) >= 0) {
			j++
		}
		if j > host && s.byteAt(j) == '\\' && isWord(s.byteAt(s.while(j, "\\"))) {
			s.add(Path, i, j)
			return j
		}
	}
	if s.hasAt(i, `\windows\`) || s.hasAt(i, `\winnt\`) {
		s.add(Path, i, i+7)
		return i + 7
	}
	return i
}
