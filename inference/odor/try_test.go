package odor
import ("testing";"fmt")
func TestTry(t *testing.T){
 in,err:=DefaultInterpreter(); if err!=nil {t.Fatal(err)}
 for _,p:=range []string{"fresh citrus over wet cedar","fresh-cut grass, sea breeze","leather armchair without smoky notes","not too sweet vanilla","no musk, vanilla or smoke; fresh lemon","top notes of bergamot and lemon, heart of jasmine, base of sandalwood and musk","citrus top, floral heart and woody base","sugar-free rose","free of musk, with α-pinene and 1,8-cineole","slightly smokey leathr with strong vanila","crème brûlée", "asdf qwerty zxcv","anything but musk","musk-free rose","not only floral but also green","top notes","fresh citrus, base notes", "I don't like roses. Give me 5 woody molecules","without musk and vanilla but with rose","no musk and fresh citrus","(E)-2-hexenal and linalool, no limonene"}{
  fmt.Printf("%s\n   %+v\n",p,in.Interpret(p))
 }
}
