//go:build amd64 && !purego

#include "textflag.h"

// PAIRS interleaves two pairs of rows, then the pairs, within 128-bit halves: of
// rows a, b, c, d it makes columns 0, 1, 2 and 3 in p, q, r, s (and 4 to 7 in the upper halves).
#define PAIRS(a, b, c, d, p, q, r, s) \
	VUNPCKLPS b, a, p; \
	VUNPCKHPS b, a, r; \
	VUNPCKLPS d, c, b; \
	VUNPCKHPS d, c, d; \
	VUNPCKHPD b, p, q; \
	VUNPCKLPD b, p, p; \
	VUNPCKHPD d, r, s; \
	VUNPCKLPD d, r, r

// COLUMNS joins the halves of two such columns, and stores rows i and i+4 of dst.
#define COLUMNS(upper, lower, i) \
	VPERM2F128 $0x20, lower, upper, Y0; \
	VPERM2F128 $0x31, lower, upper, Y1; \
	VMOVUPS    Y0, (128*i)(DI); \
	VMOVUPS    Y1, (128*i+512)(DI)

// func transpose8AVX2(dst, src *float32, stride int)
// Four blocks of 8 × 8. AX and BX are rows 0 and 3 of src, CX row 6; DX is its stride.
TEXT ·transpose8AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), AX
	MOVQ stride+16(FP), DX
	SHLQ $2, DX
	LEAQ (DX)(DX*2), R8
	LEAQ (AX)(R8*1), BX
	LEAQ (BX)(R8*1), CX
	MOVQ $4, R9

block:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(DX*1), Y1
	VMOVUPS (AX)(DX*2), Y2
	VMOVUPS (BX), Y3
	VMOVUPS (BX)(DX*1), Y4
	VMOVUPS (BX)(DX*2), Y5
	VMOVUPS (CX), Y6
	VMOVUPS (CX)(DX*1), Y7
	PAIRS(Y0, Y1, Y2, Y3, Y8, Y9, Y10, Y11)
	PAIRS(Y4, Y5, Y6, Y7, Y12, Y13, Y14, Y15)
	COLUMNS(Y8, Y12, 0)
	COLUMNS(Y9, Y13, 1)
	COLUMNS(Y10, Y14, 2)
	COLUMNS(Y11, Y15, 3)
	ADDQ $32, AX
	ADDQ $32, BX
	ADDQ $32, CX
	ADDQ $1024, DI
	DECQ R9
	JNZ  block
	VZEROUPPER
	RET
