# METADATA
# title: The decision
# description: >-
#   Joins what the files under rules/ contribute into the one decision that the
#   gateway follows. A request passes on facts that were established, never on
#   the mere absence of a denial.
package gate

decision := {
	"allow": allow,
	"status": status,
	"reasons": reasons,
	"obligations": obligations,
	"labels": labels,
}

default allow := false

allow if {
	input.complete == true
	authenticated
	count(denials) == 0
}

default status := 403

status := 200 if allow

# Who sent the request is known, or the operator said that it need not be.
authenticated if input.principal.id != ""

authenticated if data.settings.require_principal == false

denials contains reason if some reason in data.gate.rules[_].deny

reasons contains reason if some reason in denials

reasons contains {
	"id": "input-incomplete",
	"message": "The gateway could not gather what the policy needs to know about the request.",
	"severity": "critical",
} if {
	not complete
}

reasons contains {
	"id": "authentication-required",
	"message": "Send a credential: this service answers only to known principals.",
	"severity": "medium",
} if {
	not authenticated
}

complete if input.complete == true

obligations contains obligation if some obligation in data.gate.rules[_].oblige

labels contains label if some label in data.gate.rules[_].label
