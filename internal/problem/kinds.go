package problem

import "net/http"

// StatusClientLeft is the status, in logs only, of a request whose client did
// not wait for the answer. nginx and Caddy use the same number.
const StatusClientLeft = 499

// Every kind of refusal. docs/errors.md has a section for each; a test compares
// the two.
var (
	// Malformed is a body that is not strict JSON.
	Malformed = kind("malformed-body", "The body is not valid JSON", http.StatusBadRequest)
	// Unsupported is a body of another media type than JSON.
	Unsupported = kind("unsupported-media-type", "The body has an unsupported media type", http.StatusUnsupportedMediaType)
	// TooLarge is a body over the size limit.
	TooLarge = kind("body-too-large", "The body is too large", http.StatusRequestEntityTooLarge)
	// HeaderTooLarge is a header over the size limit.
	HeaderTooLarge = kind("header-too-large", "The header is too large", http.StatusRequestHeaderFieldsTooLarge)
	// Misdirected is a request for a host that is not served here.
	Misdirected = kind("misdirected-request", "The host is not served here", http.StatusMisdirectedRequest)
	// Invalid is a body that does not match the route's schema. Its member
	// "errors" names each field.
	Invalid = kind("invalid-request", "The request does not match the schema", http.StatusUnprocessableEntity)
	// NotUnderstood is a prompt in which no scent is named. Its member "errors"
	// names the field, and "interpretation" says what was understood.
	NotUnderstood = kind("prompt-not-understood", "The prompt names no known scent", http.StatusUnprocessableEntity)

	// KeyReused is an Idempotency-Key that came with another body before.
	KeyReused = kind("idempotency-key-reused", "The idempotency key was used for something else", http.StatusUnprocessableEntity)

	// TooEarly is a request in TLS early data that is not safe to be replayed.
	TooEarly = kind("too-early", "The request came too early", http.StatusTooEarly)
	// UpgradeRefused is a request for a protocol that the configuration does
	// not name.
	UpgradeRefused = kind("upgrade-refused", "The protocol is not changed here", http.StatusForbidden)
	// Unsendable is a request that cannot be made into one for the upstream.
	Unsendable = kind("unsendable-request", "The request cannot be passed on", http.StatusBadRequest)

	// CredentialMissing is a request without a credential where one is needed.
	CredentialMissing = kind("credential-missing", "A credential is needed", http.StatusUnauthorized)
	// CredentialInvalid is a credential that does not verify.
	CredentialInvalid = kind("credential-invalid", "The credential is not valid", http.StatusUnauthorized)
	// CredentialExpired is a credential whose time is over.
	CredentialExpired = kind("credential-expired", "The credential has expired", http.StatusUnauthorized)
	// CredentialReplayed is a signature whose nonce was seen before.
	CredentialReplayed = kind("credential-replayed", "The signature was used before", http.StatusUnauthorized)
	// ScopeInsufficient is a valid credential that does not permit the request.
	ScopeInsufficient = kind("scope-insufficient", "The credential lacks a scope", http.StatusForbidden)
	// AuthUnavailable is a credential that cannot be checked at the moment. The
	// request is refused.
	AuthUnavailable = kind("authentication-unavailable", "Authentication is unavailable", http.StatusServiceUnavailable)

	// AddressDenied is a client address that configuration refuses.
	AddressDenied = kind("address-denied", "Requests from this address are refused", http.StatusForbidden)
	// SenderDenied is a principal, or the key of a limit, that configuration
	// refuses.
	SenderDenied = kind("sender-denied", "Requests from this sender are refused", http.StatusForbidden)
	// QuotaExceeded is a request over a limit. Its member "violated-policies"
	// names the limits.
	QuotaExceeded = &Kind{
		Name: "quota-exceeded", Title: "A limit is exceeded", Status: http.StatusTooManyRequests,
		uri: "https://iana.org/assignments/http-problem-types#quota-exceeded",
	}
	// ReducedCapacity is a request that a limit would have had room for, if its
	// store were not gone. Its member "violated-policies" names the limits.
	ReducedCapacity = &Kind{
		Name: "temporary-reduced-capacity", Title: "A limit is lowered for now", Status: http.StatusServiceUnavailable,
		uri: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
	}
	// CostTooHigh is a request that costs more than a limit ever allows. Its
	// member "violated-policies" names the limits.
	CostTooHigh = kind("cost-too-high", "The request costs more than a limit allows", http.StatusUnprocessableEntity)
	// LimitUnavailable is a limit that cannot be judged and is configured to
	// refuse then.
	LimitUnavailable = kind("limit-unavailable", "Limits are unavailable", http.StatusServiceUnavailable)

	// PolicyDenied is a request that the policy refuses. Its member "reasons" says
	// why.
	PolicyDenied = kind("policy-denied", "The policy refuses the request", http.StatusForbidden)
	// PolicyUnavailable is a request that the policy could not judge. It fails
	// closed.
	PolicyUnavailable = kind("policy-unavailable", "The policy is unavailable", http.StatusServiceUnavailable)

	// AuditUnavailable is a request whose event the audit trail must record and
	// cannot.
	AuditUnavailable = kind("audit-unavailable", "The audit trail is unavailable", http.StatusServiceUnavailable)

	// UpstreamUnavailable is a request that no rung of the ladder could answer.
	UpstreamUnavailable = kind("upstream-unavailable", "The service is unavailable", http.StatusServiceUnavailable)
	// UpstreamTimeout is an upstream that did not answer in time.
	UpstreamTimeout = kind("upstream-timeout", "The service did not answer in time", http.StatusGatewayTimeout)
	// UpstreamFailed is an upstream that answered with nonsense.
	UpstreamFailed = kind("upstream-failed", "The service failed", http.StatusBadGateway)

	// Overloaded is a backend whose queue is full.
	Overloaded = kind("overloaded", "Too many requests are waiting", http.StatusServiceUnavailable)
	// RecordsUnavailable is a request for what is kept, such as a job, while
	// nothing can be kept.
	RecordsUnavailable = kind("records-unavailable", "Records are unavailable", http.StatusInsufficientStorage)
	// NotFound is a path that leads nowhere.
	NotFound = kind("not-found", "There is nothing here", http.StatusNotFound)
	// MethodNotAllowed is a method that the path does not take. The Allow field
	// names those it takes.
	MethodNotAllowed = kind("method-not-allowed", "The method is not allowed here", http.StatusMethodNotAllowed)
	// Internal is a fault of ours. The log has the cause under the same request
	// id.
	Internal = kind("internal-error", "Something went wrong on our side", http.StatusInternalServerError)
)

// Kinds returns every kind, in the order of docs/errors.md.
func Kinds() []*Kind {
	return []*Kind{
		Malformed, Unsupported, TooLarge, HeaderTooLarge, Misdirected, Invalid, NotUnderstood, KeyReused,
		TooEarly, UpgradeRefused, Unsendable,
		CredentialMissing, CredentialInvalid, CredentialExpired, CredentialReplayed, ScopeInsufficient, AuthUnavailable,
		AddressDenied, SenderDenied, QuotaExceeded, ReducedCapacity, CostTooHigh, LimitUnavailable,
		PolicyDenied, PolicyUnavailable, AuditUnavailable,
		UpstreamUnavailable, UpstreamTimeout, UpstreamFailed,
		Overloaded, RecordsUnavailable, NotFound, MethodNotAllowed, Internal,
	}
}

func kind(name, title string, status int) *Kind {
	return &Kind{Name: name, Title: title, Status: status}
}

// plain is RFC 9457's own "about:blank": nothing beyond the status is known.
const plain = "about:blank"

// ForStatus returns the problem for a bare HTTP status, as when a standard
// handler refuses without saying more than the number.
func ForStatus(status int) *Problem {
	switch status {
	case StatusClientLeft:
		return bare(status, "The client has left")
	case http.StatusRequestEntityTooLarge:
		return TooLarge.New("")
	case http.StatusRequestHeaderFieldsTooLarge:
		return HeaderTooLarge.New("")
	case http.StatusMisdirectedRequest:
		return Misdirected.New("")
	case http.StatusNotFound:
		return NotFound.New("")
	case http.StatusMethodNotAllowed:
		return MethodNotAllowed.New("")
	case http.StatusInternalServerError:
		return Internal.New("")
	case http.StatusBadGateway:
		return UpstreamFailed.New("")
	case http.StatusServiceUnavailable:
		return UpstreamUnavailable.New("")
	case http.StatusGatewayTimeout:
		return UpstreamTimeout.New("")
	}
	title := http.StatusText(status)
	if title == "" {
		status, title = http.StatusInternalServerError, Internal.Title
	}
	return bare(status, title)
}

func bare(status int, title string) *Problem {
	return (&Kind{Name: "status", Title: title, Status: status, uri: plain}).New("")
}
