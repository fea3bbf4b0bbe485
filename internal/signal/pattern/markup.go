package pattern

import "strings"

// activeTags are the tags of HTML that run or load something; the others only
// format.
var activeTags = map[string]bool{}

var allTags = func() map[string]bool {
	all := map[string]bool{}
	for tag := range strings.FieldsSeq("script img svg iframe object embed link meta style base form input button body html video audio source math applet frame frameset isindex marquee details template textarea select keygen bgsound layer ilayer xml xss animate set image noscript foreignobject use picture track xmp portal dialog") {
		all[tag], activeTags[tag] = true, true
	}
	for tag := range strings.FieldsSeq("a b i u p br hr em h1 h2 h3 h4 div span strong table tr td th ul ol li pre code font center head title blockquote q s sub sup small big tt address abbr label option nav main header footer section article") {
		all[tag] = true
	}
	return all
}()

// markup looks at a less-than sign: at a tag, or a mark of a template or a
// chat.
func (s *scanner) markup(i int) int {
	switch s.byteAt(i + 1) {
	case '|', '<':
		return s.chatMark(i)
	case '%':
		return s.template(i)
	case '?':
		if s.hasAt(i+2, "php") || s.hasAt(i+2, "=") || s.hasAt(i+2, "xml") {
			s.add(Script, i, i+5)
			return i + 5
		}
		return s.command(i)
	case '!':
		if s.hasAt(i, "<!--#") || s.hasAt(i, "<!entity") || s.hasAt(i, "<!doctype") || s.hasAt(i, "<![cdata[") || s.hasAt(i, "<!--") {
			s.add(Script, i, i+4)
			return i + 4
		}
		return i
	}
	name := s.while(i+1, "/ \t\n\r\f\x00")
	end := s.wordEnd(name)
	if end == name || !isLetter(s.text[name]) || name > i+4 {
		return s.command(i)
	}
	if name > i+1 && s.text[i+1] == ' ' && s.byteAt(i+2) != '/' && s.byteAt(end) != '>' && s.byteAt(end) != '/' && !s.runs(end) {
		return s.command(i)
	}
	var space [16]byte
	n := copy(space[:], s.text[name:end])
	for j := range n {
		if isUpper(space[j]) {
			space[j] |= 0x20
		}
	}
	tag := space[:n]
	closes := s.byteAt(end) == 0 || strings.IndexByte(" />\t\n\r\f\x0b<(\"'", s.byteAt(end)) >= 0 || s.byteAt(end) == '%' || s.byteAt(end) == 0xc2
	switch {
	case closes && activeTags[string(tag)], s.runs(end):
		s.add(Script, i, end)
	case closes && allTags[string(tag)] && (s.byteAt(end) == '>' || strings.IndexByte(s.within(end, 200), '>') >= 0):
		s.add(Markup, i, end)
	default:
		return s.command(i)
	}
	return end
}

// runs reports whether a tag has an attribute that runs something.
func (s *scanner) runs(i int) bool {
	rest := s.within(i, 300)
	if end := strings.IndexByte(rest, '>'); end >= 0 {
		rest = rest[:end]
	}
	for j := 0; j+3 < len(rest); j++ {
		c := rest[j]
		if c|0x20 == 'o' && rest[j+1]|0x20 == 'n' && j > 0 && !isAlnum(rest[j-1]) && isLetter(rest[j+2]) {
			k := j + 2
			for k < len(rest) && isLetter(rest[k]) {
				k++
			}
			for k < len(rest) && (isSpace(rest[k]) || rest[k] == 0) {
				k++
			}
			if k < len(rest) && rest[k] == '=' {
				return true
			}
		}
		if c == ':' && j >= 6 && strings.EqualFold(rest[j-6:j], "script") {
			return true
		}
	}
	return false
}

// handler looks at an attribute that handles an event, such as onerror=.
func (s *scanner) handler(start, end int) int {
	i := s.spaces(end)
	if s.byteAt(i) != '=' || s.byteAt(i+1) == '=' {
		return start
	}
	name := strings.ToLower(s.text[start+2 : min(end, start+24)])
	known := false
	for _, event := range []string{"error", "load", "click", "mouse", "focus", "blur", "key", "toggle", "start", "submit", "change", "input", "pointer", "animation", "transition", "begin", "end", "scroll", "wheel", "drag", "copy", "cut", "paste", "resize", "hash", "page", "message", "before", "after", "touch", "select", "reset", "search", "invalid", "dblclick", "context", "canplay", "play", "loaded", "show", "popstate", "storage", "unload", "finish", "bounce", "auxclick", "gesture", "abort", "time", "repeat", "webkit", "moz", "full", "activate", "deactivate", "property", "readystate", "filter", "data", "cell", "row", "content", "help", "layout", "lose", "media", "move", "offline", "online", "outofsync", "progress", "redo", "undo", "reverse", "resume", "seek", "stop", "sync", "track", "url", "volume"} {
		known = known || strings.HasPrefix(name, event)
	}
	if !known {
		return start
	}
	s.add(Script, start, i+1)
	return i + 1
}

// scriptWords are the words at which a script may begin.
var scriptWords = map[string]keyword{
	"javascript": lookScheme, "vbscript": lookScheme, "livescript": lookScheme, "data": lookScheme, "jscript": lookScheme,
	"document": lookObject, "window": lookObject, "localstorage": lookObject, "sessionstorage": lookObject, "location": lookObject, "self": lookObject, "top": lookObject, "parent": lookObject, "globalthis": lookObject, "this": lookObject, "navigator": lookObject, "constructor": lookObject, "string": lookObject,
	"alert": lookScriptCall, "confirm": lookScriptCall, "prompt": lookScriptCall, "eval": lookScriptCall, "settimeout": lookScriptCall, "setinterval": lookScriptCall, "atob": lookScriptCall, "fetch": lookScriptCall, "expression": lookScriptCall, "function": lookScriptCall, "import": lookScriptCall, "xmlhttprequest": lookScriptCall, "print": lookScriptCall,
	"srcdoc": lookAttribute, "xlink": lookAttribute, "formaction": lookAttribute, "autofocus": lookAttribute, "srcset": lookAttribute,
}

// scheme looks at an address that is a script.
func (s *scanner) scheme(start, end int) int {
	i := s.while(end, " \t\n\r")
	if s.byteAt(i) != ':' && !s.hasAt(i, "&colon;") && !s.hasAt(i, "&#58") && !s.hasAt(i, "&#x3a") {
		return start
	}
	if s.hasAt(start, "data") && s.anyWordAt(i+1, "text/html", "text/javascript", "application/javascript", "image/svg", "text/xml", "application/x") == i+1 {
		return start
	}
	if isSpace(s.byteAt(i+1)) && !s.calls(i+1) {
		return start // of a list: "javascript: a language"
	}
	s.add(Script, start, i+1)
	return i + 1
}

// calls reports whether a name and a bracket or quote follow, or an assignment.
func (s *scanner) calls(i int) bool {
	i = s.spaces(i)
	end := s.nameEnd(i)
	return end > i && strings.IndexByte("(`=.[", s.byteAt(end)) >= 0 && s.byteAt(end) != 0 && (s.byteAt(end) != '.' || isLetter(s.byteAt(end+1)))
}

// object looks at a member of an object of the browser.
func (s *scanner) object(start, end int) int {
	c := s.byteAt(end)
	if c != '.' && c != '[' && c != '=' {
		return start
	}
	if c == '=' {
		if !s.hasAt(start, "location") || s.byteAt(end+1) == ' ' {
			return start
		}
		s.add(Script, start, end+1)
		return end + 1
	}
	if c == '[' {
		if q := s.byteAt(end + 1); (q != '\'' && q != '"' && q != '`' && q != '/') || s.hasAt(start, "string") {
			return start
		}
		s.add(Script, start, end+1)
		return end + 1
	}
	to := s.anyWordAt(end+1, "cookie", "domain", "location", "write", "writeln", "body", "createelement", "getelementbyid", "queryselector", "href", "alert", "confirm", "prompt", "eval", "open", "name", "getitem", "setitem", "fromcharcode", "constructor", "sendbeacon", "documentelement", "forms", "scripts", "url", "referrer", "onerror", "assign", "hash", "search", "top", "replace", "defaultview")
	if to == end+1 || s.byteAt(to) == '.' && isSpace(s.byteAt(to+1)) || s.plainWord(start) && strings.IndexByte("(=.[;,)+`'\"<", s.byteAt(to)) < 0 && to < len(s.text) {
		return start
	}
	s.add(Script, start, to)
	return to
}

// plainWord reports whether the name of an object is a word of prose too.
func (s *scanner) plainWord(start int) bool {
	return s.anyWordAt(start, "self", "top", "parent", "this", "location", "window", "document") > start
}

// scriptCall looks at a call of a function of the browser.
func (s *scanner) scriptCall(start, end int) int {
	c := s.byteAt(end)
	if c != '(' && c != '`' && !s.hasAt(end, "&lpar;") && !s.hasAt(end, "&#40") && !s.hasAt(end, "?.(") && !s.hasAt(end, "\\x28") && !s.hasAt(end, ".call(") && !s.hasAt(end, ".apply(") && !s.hasAt(end, "/**/(") {
		return start
	}
	if s.anyWordAt(start, "print", "function", "import", "fetch", "confirm", "expression") > start && s.quotes%2 == 0 && strings.IndexByte("=;:>{,'\"", s.byteAt(start-1)) < 0 {
		return start
	}
	s.add(Script, start, end+1)
	return end + 1
}

// attribute looks at an attribute of HTML that loads something.
func (s *scanner) attribute(start, end int) int {
	c := s.byteAt(end)
	focuses := s.hasAt(start, "autofocus") && s.quotes > 0
	if c != '=' && !s.hasAt(end, ":href") && !focuses {
		return start
	}
	s.add(Script, start, end)
	return end
}

// breakout looks at a quotation mark that ends a string of a script or an
// attribute: '-alert(1)-', "><, ";alert(1)//.
func (s *scanner) breakout(i int) int {
	j := s.while(i+1, "'\"-;,+*/^&|}) ]")
	end := s.nameEnd(j)
	if j > i+1 && end > j && s.scriptName(j, end) && (s.byteAt(end) == '(' || s.byteAt(end) == '`') {
		s.add(Script, i, end+1)
		return end + 1
	}
	return i
}

func (s *scanner) scriptName(start, end int) bool {
	return s.anyWordAt(start, "alert", "confirm", "prompt", "eval", "print", "fetch", "import", "atob", "settimeout") == end
}

// chatMark looks at a mark between the messages of a chat: <|im_start|>,
// <<SYS>>.
func (s *scanner) chatMark(i int) int {
	for _, mark := range []string{"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<<sys>>", "<</sys>>"} {
		if s.hasAt(i, mark) {
			s.add(ChatMark, i, i+len(mark))
			return i + len(mark)
		}
	}
	return s.command(i)
}
