package reference

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
)

const modulePath = "github.com/odordiff/odordiff/"

// docs are the comments of a config struct.
type docs struct {
	pkg    *doc.Package
	config reflect.Value
	types  map[string]*doc.Type
}

func docsOf(config option.Config, root string) (*docs, error) {
	value := reflect.ValueOf(config).Elem()
	directory := filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(value.Type().PkgPath(), modulePath)))
	pkg, err := packageDocs(directory)
	if err != nil {
		return nil, err
	}
	types := make(map[string]*doc.Type)
	for _, t := range pkg.Types {
		types[t.Name] = t
	}
	if types[value.Type().Name()] == nil {
		return nil, fmt.Errorf("%s has no type %s", directory, value.Type().Name())
	}
	return &docs{pkg, value, types}, nil
}

func packageDocs(directory string) (*doc.Package, error) {
	names, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return doc.NewFromFiles(set, files, modulePath+filepath.Base(directory), doc.AllDecls)
}

// text returns the comment of the struct, with the name that users know it by.
func (d *docs) text(name string) string {
	goName := d.config.Type().Name()
	text := d.types[goName].Doc
	if rest, ok := strings.CutPrefix(text, goName+" "); ok {
		text = "`" + name + "` " + rest
	}
	return d.markdown(text)
}

func (d *docs) markdown(text string) string {
	printer := d.pkg.Printer()
	printer.DocLinkURL = func(*comment.DocLink) string { return "" }
	// Markdown has backquotes too, and code needs no escaped underscores.
	return strings.ReplaceAll(string(printer.Markdown(d.pkg.Parser().Parse(text))), `\`, "")
}

// structField finds the field that an option sets.
func (d *docs) structField(facts option.Facts) (field reflect.StructField, owner string, found bool) {
	target := reflect.ValueOf(facts.Field)
	return find(d.config, target)
}

func find(config, target reflect.Value) (field reflect.StructField, owner string, found bool) {
	for i := range config.NumField() {
		field := config.Type().Field(i)
		at := config.Field(i)
		if field.Anonymous && at.Kind() == reflect.Struct {
			if inner, owner, found := find(at, target); found {
				return inner, owner, true
			}
		}
		if at.Addr().Pointer() == target.Pointer() && field.Type == target.Type().Elem() {
			return field, config.Type().Name(), true
		}
	}
	return field, "", false
}

// json returns the name of an option's field in JSON; "" if it has none.
func (d *docs) json(facts option.Facts) string {
	field, _, found := d.structField(facts)
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// field returns the comment of an option's field, on one line.
func (d *docs) field(facts option.Facts) string {
	field, owner, found := d.structField(facts)
	if !found {
		return ""
	}
	return d.comment(owner, field.Name)
}

func (d *docs) comment(owner, name string) string {
	for _, spec := range d.types[owner].Decl.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok || named.Name.Name != owner {
			continue
		}
		for _, f := range named.Type.(*ast.StructType).Fields.List {
			if len(f.Names) > 0 && slices.ContainsFunc(f.Names, func(n *ast.Ident) bool { return n.Name == name }) {
				return strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
		}
	}
	return ""
}

// described is a field: its name in JSON, and its comment.
type described struct{ name, text string }

// others returns the fields that no option sets.
func (d *docs) others(options []*option.Option) (fields []described) {
	known := make(map[string]bool)
	for _, o := range options {
		known[d.json(o.Facts)] = true
	}
	for i := range d.config.NumField() {
		field := d.config.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && !known[name] {
			fields = append(fields, described{name, d.comment(d.config.Type().Name(), field.Name)})
		}
	}
	return fields
}
