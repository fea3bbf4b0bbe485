//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"

// Z17 to Z27 hold the constants of EXP, each in all lanes.
#define LOAD_EXP_CONSTANTS \
	VBROADCASTSS EXP_MIN, Z17; \
	VBROADCASTSS LOG2E, Z18; \
	VBROADCASTSS LN2_HIGH, Z19; \
	VBROADCASTSS LN2_LOW, Z20; \
	VBROADCASTSS EXP_C7, Z21; \
	VBROADCASTSS EXP_C6, Z22; \
	VBROADCASTSS EXP_C5, Z23; \
	VBROADCASTSS EXP_C4, Z24; \
	VBROADCASTSS EXP_C3, Z25; \
	VBROADCASTSS EXP_C2, Z26; \
	VBROADCASTSS ONE, Z27

// EXP sets x to exp(x), as exp.go describes it. n and p are free registers.
#define EXP(x, n, p) \
	VMAXPS       x, Z17, x; \
	VMULPS       Z18, x, p; \
	VCVTPS2DQ    p, n; \
	VCVTDQ2PS    n, p; \
	VFNMADD231PS Z19, p, x; \
	VFNMADD231PS Z20, p, x; \
	VMOVAPS      Z21, p; \
	VFMADD213PS  Z22, x, p; \
	VFMADD213PS  Z23, x, p; \
	VFMADD213PS  Z24, x, p; \
	VFMADD213PS  Z25, x, p; \
	VFMADD213PS  Z26, x, p; \
	VMULPS       x, p, p; \
	VFMADD213PS  x, x, p; \
	VADDPS       Z27, p, p; \
	VPSLLD       $23, n, n; \
	VPADDD       n, p, x

// REDUCE16 leaves OP over the lanes of Z0 in each lane of X0. It uses Z1.
#define REDUCE16(OP) \
	VEXTRACTF64X4 $1, Z0, Y1; \
	OP            Y1, Y0, Y0; \
	REDUCE8(OP)

// func softmaxAVX512(x *float32, rows, width, stride int, scale float32)
// SI is the row and R8 the stride; DX is where the row's whole vectors end, in values,
// and K1 selects what is left of it.
TEXT ·softmaxAVX512(SB), NOSPLIT, $0-36
	MOVQ         x+0(FP), SI
	MOVQ         rows+8(FP), BX
	MOVQ         width+16(FP), DX
	MOVQ         stride+24(FP), R8
	SHLQ         $2, R8
	MOVQ         DX, CX
	ANDQ         $15, CX
	ANDQ         $~15, DX
	MOVL         $1, AX
	SHLL         CX, AX
	DECL         AX
	KMOVW        AX, K1
	LOAD_EXP_CONSTANTS
	VBROADCASTSS scale+32(FP), Z28

row:
	VBROADCASTSS LOWEST, Z0
	XORQ         R9, R9
	JMP          moreMax

largest:
	VMAXPS (SI)(R9*4), Z0, Z0
	ADDQ   $16, R9

moreMax:
	CMPQ         R9, DX
	JNE          largest
	VMAXPS       (SI)(R9*4), Z0, K1, Z0
	REDUCE16(VMAXPS)
	VBROADCASTSS X0, Z4
	VXORPS       Z0, Z0, Z0
	XORQ         R9, R9
	JMP          moreExp

exponential:
	VMOVUPS (SI)(R9*4), Z1
	VSUBPS  Z4, Z1, Z1
	VMULPS  Z28, Z1, Z1
	EXP(Z1, Z2, Z3)
	VMOVUPS Z1, (SI)(R9*4)
	VADDPS  Z1, Z0, Z0
	ADDQ    $16, R9

moreExp:
	CMPQ      R9, DX
	JNE       exponential
	VMOVUPS.Z (SI)(R9*4), K1, Z5
	VSUBPS    Z4, Z5, Z5
	VMULPS    Z28, Z5, Z5
	EXP(Z5, Z2, Z3)
	VADDPS    Z5, Z0, K1, Z0
	REDUCE16(VADDPS)
	VDIVSS       X0, X27, X0
	VBROADCASTSS X0, Z0
	VMULPS       Z0, Z5, Z5
	VMOVUPS      Z5, K1, (SI)(R9*4)
	XORQ         R9, R9
	JMP          moreScale

divide:
	VMULPS  (SI)(R9*4), Z0, Z1
	VMOVUPS Z1, (SI)(R9*4)
	ADDQ    $16, R9

moreScale:
	CMPQ R9, DX
	JNE  divide
	ADDQ R8, SI
	DECQ BX
	JNZ  row
	VZEROUPPER
	RET

// func normAVX512(y, x, scale, shift *float32, rows, width int, inverse float32)
// DI and SI are the rows of y and x; R9 counts values within them.
TEXT ·normAVX512(SB), NOSPLIT, $0-52
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         scale+16(FP), R10
	MOVQ         shift+24(FP), R11
	MOVQ         rows+32(FP), BX
	MOVQ         width+40(FP), DX
	VMOVSS       inverse+48(FP), X30
	VBROADCASTSS ONE, Z27

row:
	VXORPS Z0, Z0, Z0
	XORQ   R9, R9

sum:
	VADDPS       (SI)(R9*4), Z0, Z0
	ADDQ         $16, R9
	CMPQ         R9, DX
	JNE          sum
	REDUCE16(VADDPS)
	VMULSS       X30, X0, X0
	VBROADCASTSS X0, Z2
	VXORPS       Z0, Z0, Z0
	XORQ         R9, R9

variance:
	VMOVUPS      (SI)(R9*4), Z1
	VSUBPS       Z2, Z1, Z1
	VFMADD231PS  Z1, Z1, Z0
	ADDQ         $16, R9
	CMPQ         R9, DX
	JNE          variance
	REDUCE16(VADDPS)
	VMULSS       X30, X0, X0
	VADDSS       EPSILON, X0, X0
	VSQRTSS      X0, X0, X0
	VDIVSS       X0, X27, X0
	VBROADCASTSS X0, Z3
	XORQ         R9, R9

modulate:
	VMOVUPS     (SI)(R9*4), Z1
	VSUBPS      Z2, Z1, Z1
	VMULPS      Z3, Z1, Z1
	VADDPS      (R10)(R9*4), Z27, Z4
	VFMADD213PS (R11)(R9*4), Z4, Z1
	VMOVUPS     Z1, (DI)(R9*4)
	ADDQ        $16, R9
	CMPQ        R9, DX
	JNE         modulate
	LEAQ        (SI)(DX*4), SI
	LEAQ        (DI)(DX*4), DI
	DECQ        BX
	JNZ         row
	VZEROUPPER
	RET

// func addGatedAVX512(x, y, gate *float32, rows, width int)
TEXT ·addGatedAVX512(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ y+8(FP), SI
	MOVQ gate+16(FP), R10
	MOVQ rows+24(FP), BX
	MOVQ width+32(FP), DX

row:
	XORQ R9, R9

next:
	VMOVUPS     (R10)(R9*4), Z0
	VMOVUPS     (DI)(R9*4), Z1
	VFMADD231PS (SI)(R9*4), Z0, Z1
	VMOVUPS     Z1, (DI)(R9*4)
	ADDQ        $16, R9
	CMPQ        R9, DX
	JNE         next
	LEAQ        (SI)(DX*4), SI
	LEAQ        (DI)(DX*4), DI
	DECQ        BX
	JNZ         row
	VZEROUPPER
	RET
