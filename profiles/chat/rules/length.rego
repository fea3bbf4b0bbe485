# METADATA
# title: Length
# description: >-
#   Refuses requests whose texts together are longer than the band length of
#   data.yaml: no model reads as much at once.
# custom:
#   mode: enforce
package gate.rules.length

deny contains {
	"id": "text-too-long",
	"message": "The texts are longer than the service reads at once. Send fewer or shorter messages.",
	"severity": "low",
} if {
	input.signals.whole.length == "long"
}
