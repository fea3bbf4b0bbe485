package promptpolicy

import (
	_ "embed"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/odordiff/odordiff/internal/signal/guard"
)

//go:embed input.schema.json
var inputSchemaJSON []byte

// inputSchema gives the compiler the types of the input. The compiler then
// refuses a rule that reads a field which does not exist, such as a band that
// the data does not have or a misspelt set of terms.
func (r *reader) inputSchema() *ast.SchemaSet {
	schema := util.MustUnmarshalJSON(inputSchemaJSON).(map[string]any)
	schema["properties"].(map[string]any)["signals"] = objectSchema(map[string]any{
		"texts": arraySchema(r.textSchema()),
		"whole": r.textSchema(),
	})
	text, number := map[string]any{"type": "string"}, map[string]any{"type": "number"}
	scores := map[string]any{}
	for class := range guard.Class(guard.Classes) {
		scores[class.String()] = number
	}
	schema["properties"].(map[string]any)["found"] = arraySchema(objectSchema(map[string]any{
		"path":   text,
		"scores": map[string]any{"anyOf": []any{map[string]any{"type": "null"}, objectSchema(scores)}},
		"found": arraySchema(objectSchema(map[string]any{
			"kind": text, "is": text, "layer": text, "start": number, "end": number, "text": text,
		})),
	}))
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	return set
}

func (r *reader) textSchema() map[string]any {
	text, flag := map[string]any{"type": "string"}, map[string]any{"type": "boolean"}
	terms := map[string]any{}
	for set := range r.lexicon.sets {
		terms[set] = arraySchema(text)
	}
	properties := map[string]any{
		"path":     text,
		"kind":     text,
		"terms":    objectSchema(terms),
		"hazards":  arraySchema(objectSchema(map[string]any{"name": text, "class": text, "by": text, "innocent": flag, "near": arraySchema(text)})),
		"patterns": arraySchema(text), "layers": arraySchema(text), "scripts": arraySchema(text),
		"invisible": flag, "mixed_scripts": flag, "truncated": flag,
	}
	for _, b := range r.view.bands {
		properties[b.measure.name] = map[string]any{"anyOf": []any{map[string]any{"type": "null"}, text}}
	}
	return objectSchema(properties)
}

func arraySchema(items map[string]any) map[string]any {
	return map[string]any{"type": "array", "items": items}
}

func objectSchema(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}
