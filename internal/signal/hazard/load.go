package hazard

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/internal/signal/structure"
	"github.com/odordiff/odordiff/internal/textnorm"
)

// Load reads a table as it comes from YAML or JSON:
//
//	substances:
//	  - name: sarin
//	    class: chemical-weapon
//	    source: CWC Schedule 1A
//	    names: [sarin, зарин*]     # terms, as package term has them
//	    ambiguous: [GB]            # terms that name something harmless too
//	    cas: [107-44-8]
//	    formula: C4H10FO2P         # in Hill order, if no harmless molecule has it
//	    smiles: CC(C)OP(C)(=O)F
//	    innocent: true             # if it is harmless by itself
//
// Only name, class and source must be there. The error names the item and the
// field at fault.
func Load(data any) (*Table, error) {
	root, ok := data.(map[string]any)
	if !ok {
		return nil, errors.New("must be an object with substances")
	}
	if unknown := unknownName(root, "substances"); unknown != "" {
		return nil, fmt.Errorf("has %q, which is unknown", unknown)
	}
	items, ok := root["substances"].([]any)
	if !ok {
		return nil, errors.New("substances must be a list")
	}
	b := builder{
		table: &Table{byCAS: map[string]int{}, byFormula: map[string]int{}, byWhole: map[uint64]int{}, byMolecule: map[uint64]int{}},
		named: map[string]string{},
	}
	for i, item := range items {
		if err := b.add(item); err != nil {
			return nil, fmt.Errorf("substances[%d]%w", i, err)
		}
	}
	return b.table, nil
}

// builder adds substances to a table.
type builder struct {
	table *Table
	named map[string]string // whose name a term is, by its normal form
}

func (b *builder) add(item any) error {
	fields, ok := item.(map[string]any)
	if !ok {
		return errors.New(" must be an object")
	}
	s, err := substance(fields)
	if err == nil {
		err = b.index(s)
	}
	if err == nil {
		return nil
	}
	if s.Name != "" {
		return fmt.Errorf(" (%s): %w", s.Name, err)
	}
	return fmt.Errorf(": %w", err)
}

// substance reads the fields of an entry.
func substance(fields map[string]any) (s Substance, err error) {
	if s.Name, err = text(fields, "name", true); err != nil {
		return s, err
	}
	class, err := text(fields, "class", true)
	if err != nil {
		return s, err
	}
	if s.Class = Class(class); !slices.Contains(Classes, s.Class) {
		return s, fmt.Errorf("class is %q, none of %v", class, Classes)
	}
	if s.Source, err = text(fields, "source", true); err != nil {
		return s, err
	}
	for name, into := range map[string]*[]string{"names": &s.names, "ambiguous": &s.ambiguous, "cas": &s.cas} {
		if *into, err = texts(fields, name); err != nil {
			return s, err
		}
	}
	for name, into := range map[string]*string{"formula": &s.formula, "smiles": &s.smiles} {
		if *into, err = text(fields, name, false); err != nil {
			return s, err
		}
	}
	if innocent, present := fields["innocent"]; present {
		var ok bool
		if s.Innocent, ok = innocent.(bool); !ok {
			return s, errors.New("innocent must be true or false")
		}
	}
	if unknown := unknownName(fields, "name", "class", "source", "names", "ambiguous", "cas", "formula", "smiles", "innocent"); unknown != "" {
		return s, fmt.Errorf("has %q, which is unknown", unknown)
	}
	return s, nil
}

// index makes a substance known by all that identifies it.
func (b *builder) index(s Substance) error {
	t, place := b.table, len(b.table.substances)
	if slices.ContainsFunc(t.substances, func(other Substance) bool { return other.Name == s.Name }) {
		return errors.New("name is that of an earlier substance too")
	}
	for _, list := range []struct {
		names     []string
		ambiguous bool
	}{{s.names, false}, {s.ambiguous, true}} {
		for _, name := range list.names {
			normal := textnorm.Normalise(name)
			if other, taken := b.named[normal]; taken {
				return fmt.Errorf("the name %q is already one of %s", name, other)
			}
			b.named[normal] = s.Name
			t.terms = append(t.terms, name)
			t.owners = append(t.owners, owner{place, list.ambiguous})
		}
	}
	for i, number := range s.cas {
		if !ValidCAS(number) {
			return fmt.Errorf("cas[%d] is %q, whose form or check digit is wrong", i, number)
		}
		if other, taken := t.byCAS[number]; taken {
			return fmt.Errorf("cas[%d], %s, is already that of %s", i, number, t.substances[other].Name)
		}
		t.byCAS[number] = place
	}
	if err := t.indexStructure(s, place); err != nil {
		return err
	}
	t.substances = append(t.substances, s)
	return nil
}

func (t *Table) indexStructure(s Substance, place int) error {
	if s.formula != "" {
		if hill, ok := structure.Formula(s.formula); !ok || hill != s.formula {
			return fmt.Errorf("formula is %q, not a formula in Hill order", s.formula)
		}
		keepFirst(t.byFormula, s.formula, place)
	}
	if s.smiles == "" {
		return nil
	}
	keys, ok := structure.Read(s.smiles)
	if !ok {
		return fmt.Errorf("smiles is %q, not a SMILES", s.smiles)
	}
	keepFirst(t.byWhole, keys.Whole, place)
	if len(keys.Fragments) == 1 {
		keepFirst(t.byMolecule, keys.Fragments[0].Key, place)
	}
	return nil
}

// keepFirst sets what is not set yet: isomers share a formula, and
// stereoisomers a structure.
func keepFirst[K comparable](places map[K]int, key K, place int) {
	if _, taken := places[key]; !taken {
		places[key] = place
	}
}

// text returns a field that holds a text.
func text(fields map[string]any, name string, needed bool) (string, error) {
	value, present := fields[name]
	if !present && !needed {
		return "", nil
	}
	content, ok := value.(string)
	if !ok || content == "" {
		return "", fmt.Errorf("%s must be a text (quote it)", name)
	}
	return content, nil
}

// texts returns a field that holds a list of texts.
func texts(fields map[string]any, name string) ([]string, error) {
	value, present := fields[name]
	if !present {
		return nil, nil
	}
	items, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s must be a list of texts", name)
	}
	list := make([]string, len(items))
	for i, item := range items {
		if list[i], ok = item.(string); !ok || strings.TrimSpace(list[i]) == "" {
			return nil, fmt.Errorf("%s[%d] must be a text (quote it)", name, i)
		}
	}
	return list, nil
}

// unknownName returns a name that an object has and should not have.
func unknownName(fields map[string]any, known ...string) string {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			return name
		}
	}
	return ""
}
