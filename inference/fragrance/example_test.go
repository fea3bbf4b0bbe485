package fragrance_test

import (
	"fmt"
	"log"

	"github.com/odordiff/odordiff/inference/fragrance"
	"github.com/odordiff/odordiff/inference/odor"
)

func ExampleCompose() {
	library, err := odor.Default()
	if err != nil {
		log.Fatal(err)
	}
	interpreter, err := odor.DefaultInterpreter()
	if err != nil {
		log.Fatal(err)
	}
	var odorants []fragrance.Odorant
	for _, o := range library.Odorants() {
		odorants = append(odorants, fragrance.Odorant{Structure: o.Structure, Name: o.Name, Profile: o.Profile, Note: o.Note})
	}
	formula := fragrance.Compose(odorants, fragrance.Brief{
		Wanted: interpreter.Interpret("bergamot top, rose heart, sandalwood base"),
		Count:  3,
		Rarity: library.Rarity,
	})
	for _, accord := range formula.Accords {
		for _, row := range accord.Rows {
			fmt.Println(accord.Note, row.Parts, row.Name)
		}
	}
	// Output:
	// top 250 linalyl acetate
	// heart 250 citronellol
	// base 500 Javanol
}
