package browser

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Sharing says which scripts of other sites may use this one (CORS, the Fetch
// Standard, section 3.2).
type Sharing struct {
	// Origins are the sites, compared as text. Each is valid as [IsOrigin] has it.
	Origins []string
	// Methods and Headers are what such a script may send, beyond what every page
	// may. Expose is what it may read of a header, beyond the same.
	Methods, Headers, Expose []string
	// MaxAge is how long a browser need not ask again.
	MaxAge time.Duration
	// Credentials lets the browser add what it holds for this site by itself:
	// cookies, passwords, client certificates.
	Credentials bool
}

var originPattern = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[^/?#@\s*]+$`)

// IsOrigin reports whether the text is an origin as browsers write it: a scheme
// and a host in lower case, and a port only if it is not the scheme's own. The
// origin null is none: any page can have it, by a sandboxed frame.
func IsOrigin(text string) bool {
	if !originPattern.MatchString(text) || text != strings.ToLower(text) {
		return false
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || strings.HasSuffix(text, ":") {
		return false
	}
	return ownPort[parsed.Scheme] == "" || parsed.Port() != ownPort[parsed.Scheme]
}

var ownPort = map[string]string{"http": "80", "https": "443"}

// IsPreflight reports whether the request is the question of a browser whether
// a script may send another.
func IsPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// set returns the fields of an answer to a script of the origin.
func (s Sharing) set(origin string) map[string]string {
	set := map[string]string{"Access-Control-Allow-Origin": origin}
	if len(s.Expose) > 0 {
		set["Access-Control-Expose-Headers"] = strings.Join(s.Expose, ", ")
	}
	if s.Credentials {
		set["Access-Control-Allow-Credentials"] = "true"
	}
	return set
}

// permit returns the fields of the answer to a preflight.
func (s Sharing) permit(origin string) map[string]string {
	set := s.set(origin)
	delete(set, "Access-Control-Expose-Headers")
	set["Access-Control-Allow-Methods"] = strings.Join(s.Methods, ", ")
	set["Access-Control-Allow-Headers"] = strings.Join(s.Headers, ", ")
	set["Access-Control-Max-Age"] = strconv.Itoa(int(s.MaxAge / time.Second))
	return set
}

// sharing are all fields of CORS that an answer can have. Where we say who may
// read an answer, nobody else does.
var sharing = []string{
	"Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Origin", "Access-Control-Allow-Private-Network", "Access-Control-Expose-Headers",
	"Access-Control-Max-Age",
}
