package odor
import ("testing";"fmt";"sort";"github.com/odordiff/odordiff/inference/chem/property")
func TestFit(t *testing.T){ l,_:=Default(); type r struct{v float64;n Note}; var rs []r; na:=0; by:=map[Note][]float64{}; var sx,sy,sxx,sxy,n float64
for _,o:=range l.Odorants(){k,ok:=property.BoilingPoint(o.Structure); if !ok {na++;continue}; rs=append(rs,r{k-273.15,o.Note}); by[o.Note]=append(by[o.Note],k-273.15); w:=o.Structure.Weight(); sx+=w;sy+=k-273.15;sxx+=w*w;sxy+=w*(k-273.15);n++}
slope:=(n*sxy-sx*sy)/(n*sxx-sx*sx); fmt.Println("na",na,"slope",slope,"mean w",sx/n,"mean bp",sy/n)
for k,v:=range by{sort.Float64s(v);fmt.Println(k,len(v),v[0],v[len(v)/4],v[len(v)/2],v[3*len(v)/4],v[len(v)-1])}
best:=0;var ba,bb float64
for a:=120.0;a<300;a+=5{for b:=a+5;b<400;b+=5{c:=0;for _,x:=range rs{p:=Heart;if x.v<a{p=Top}else if x.v>=b{p=Base};if p==x.n{c++}};if c>best{best=c;ba=a;bb=b}}}
fmt.Println(best,len(rs),ba,bb)}
