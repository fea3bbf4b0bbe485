# METADATA
# title: The decision
# description: >-
#   Joins what the files under rules/ contribute into the one decision that the
#   gateway follows. A request passes only if the facts that it needs are
#   established, never merely because no rule denies it.
package gate

decision := {
	"allow": true,
	"status": 200,
	"reasons": set(),
	"obligations": obligations,
	"labels": labels,
	"observed": observed,
} if {
	allow
} else := {
	"allow": false,
	"status": 403,
	"reasons": (denials | missing),
	"obligations": obligations,
	"labels": labels,
	"observed": observed,
}

allow if {
	complete
	authenticated
	count(denials) == 0
}

# The gateway has gathered everything that the rules read.
complete if input.complete == true

# The sender of the request is known, or the operator does not require it.
authenticated if input.principal.id != ""

authenticated if data.settings.require_principal == false

denials contains reason if some reason in data.gate.rules[_].deny

# The facts that allow needs and that are not established.
missing contains {
	"id": "input-incomplete",
	"message": "The gateway could not gather what the policy needs to know about the request.",
	"severity": "critical",
} if {
	not complete
}

missing contains {
	"id": "authentication-required",
	"message": "Send a credential: this service answers only to known principals.",
	"severity": "medium",
} if {
	not authenticated
}

obligations contains obligation if some obligation in data.gate.rules[_].oblige

labels contains label if some label in data.gate.rules[_].label

# What rules in mode observe would refuse. Their deny arrives here.
observed contains reason if some reason in data.gate.rules[_].observe
