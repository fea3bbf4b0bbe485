# METADATA
# title: A word
# description: Refuses one word.
package gate

refused contains {"id": "word", "message": "That word.", "severity": "low"} if {
	some prompt in input.prompts
	contains(prompt.normalised, "poison")
}

decision := {
	"allow": count(refused) == 0,
	"status": {true: 200, false: 403}[count(refused) == 0],
	"reasons": refused,
	"obligations": [],
	"labels": [],
}
