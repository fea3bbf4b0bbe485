//go:build amd64 && !purego

#include "textflag.h"
#include "kernels_amd64.h"

// The kernels work on 16 values at a time, in two registers, so that sums
// round as they do with AVX-512.

// EXP sets x to exp(x), as exp.go describes it. n and p are free registers.
#define EXP(x, n, p) \
	VMOVUPS      EXP_MIN, p; \
	VMAXPS       x, p, x; \
	VMULPS       LOG2E, x, p; \
	VCVTPS2DQ    p, n; \
	VCVTDQ2PS    n, p; \
	VFNMADD231PS LN2_HIGH, p, x; \
	VFNMADD231PS LN2_LOW, p, x; \
	VMOVUPS      EXP_C7, p; \
	VFMADD213PS  EXP_C6, x, p; \
	VFMADD213PS  EXP_C5, x, p; \
	VFMADD213PS  EXP_C4, x, p; \
	VFMADD213PS  EXP_C3, x, p; \
	VFMADD213PS  EXP_C2, x, p; \
	VMULPS       x, p, p; \
	VFMADD213PS  x, x, p; \
	VADDPS       ONE, p, p; \
	VPSLLD       $23, n, n; \
	VPADDD       n, p, x

// REDUCE16 leaves OP over the lanes of Y0 and Y1 in each lane of X0.
#define REDUCE16(OP) \
	OP Y1, Y0, Y0; \
	REDUCE8(OP)

// laneMasks, read at 4·(16-n), selects the first n of 16 lanes.
DATA laneMasks<>+0(SB)/8, $-1
DATA laneMasks<>+8(SB)/8, $-1
DATA laneMasks<>+16(SB)/8, $-1
DATA laneMasks<>+24(SB)/8, $-1
DATA laneMasks<>+32(SB)/8, $-1
DATA laneMasks<>+40(SB)/8, $-1
DATA laneMasks<>+48(SB)/8, $-1
DATA laneMasks<>+56(SB)/8, $-1
GLOBL laneMasks<>(SB), RODATA|NOPTR, $128

// WEIGH turns scores into unscaled weights: exp((x - largest)·scale).
#define WEIGH(x) \
	VSUBPS Y10, x, x; \
	VMULPS Y11, x, x; \
	EXP(x, Y8, Y9)

// func softmaxAVX2(x *float32, rows, width, stride int, scale float32)
// SI is the row and R8 the stride; DX is where the row's whole pairs of vectors end, in
// values, and Y14, Y15 select what is left of it.
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-36
	MOVQ         x+0(FP), SI
	MOVQ         rows+8(FP), BX
	MOVQ         width+16(FP), DX
	MOVQ         stride+24(FP), R8
	SHLQ         $2, R8
	MOVQ         $16, CX
	MOVQ         DX, AX
	ANDQ         $15, AX
	SUBQ         AX, CX
	ANDQ         $~15, DX
	LEAQ         laneMasks<>(SB), AX
	VMOVUPS      (AX)(CX*4), Y14
	VMOVUPS      32(AX)(CX*4), Y15
	VBROADCASTSS scale+32(FP), Y11

row:
	VMOVUPS LOWEST, Y13
	VMOVAPS Y13, Y0
	VMOVAPS Y13, Y1
	XORQ    R9, R9
	JMP     moreMax

largest:
	VMAXPS (SI)(R9*4), Y0, Y0
	VMAXPS 32(SI)(R9*4), Y1, Y1
	ADDQ   $16, R9

moreMax:
	CMPQ         R9, DX
	JNE          largest
	VMASKMOVPS   (SI)(R9*4), Y14, Y4
	VMASKMOVPS   32(SI)(R9*4), Y15, Y5
	VBLENDVPS    Y14, Y4, Y13, Y2
	VBLENDVPS    Y15, Y5, Y13, Y3
	VMAXPS       Y2, Y0, Y0
	VMAXPS       Y3, Y1, Y1
	REDUCE16(VMAXPS)
	VBROADCASTSS X0, Y10
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	XORQ         R9, R9
	JMP          moreExp

exponential:
	VMOVUPS (SI)(R9*4), Y2
	VMOVUPS 32(SI)(R9*4), Y3
	WEIGH(Y2)
	WEIGH(Y3)
	VMOVUPS Y2, (SI)(R9*4)
	VMOVUPS Y3, 32(SI)(R9*4)
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	ADDQ    $16, R9

moreExp:
	CMPQ R9, DX
	JNE  exponential
	WEIGH(Y4)
	WEIGH(Y5)
	VANDPS       Y14, Y4, Y4
	VANDPS       Y15, Y5, Y5
	VADDPS       Y4, Y0, Y0
	VADDPS       Y5, Y1, Y1
	REDUCE16(VADDPS)
	VMOVSS       ONE, X1
	VDIVSS       X0, X1, X0
	VBROADCASTSS X0, Y0
	VMULPS       Y0, Y4, Y4
	VMULPS       Y0, Y5, Y5
	VMASKMOVPS   Y4, Y14, (SI)(R9*4)
	VMASKMOVPS   Y5, Y15, 32(SI)(R9*4)
	XORQ         R9, R9
	JMP          moreScale

divide:
	VMULPS  (SI)(R9*4), Y0, Y2
	VMULPS  32(SI)(R9*4), Y0, Y3
	VMOVUPS Y2, (SI)(R9*4)
	VMOVUPS Y3, 32(SI)(R9*4)
	ADDQ    $16, R9

moreScale:
	CMPQ R9, DX
	JNE  divide
	ADDQ R8, SI
	DECQ BX
	JNZ  row
	VZEROUPPER
	RET

// func normAVX2(y, x, scale, shift *float32, rows, width int, inverse float32)
// DI and SI are the rows of y and x; R9 counts values within them.
TEXT ·normAVX2(SB), NOSPLIT, $0-52
	MOVQ    y+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    scale+16(FP), R10
	MOVQ    shift+24(FP), R11
	MOVQ    rows+32(FP), BX
	MOVQ    width+40(FP), DX
	VMOVSS  inverse+48(FP), X14
	VMOVUPS ONE, Y15

row:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	XORQ   R9, R9

sum:
	VADDPS       (SI)(R9*4), Y0, Y0
	VADDPS       32(SI)(R9*4), Y1, Y1
	ADDQ         $16, R9
	CMPQ         R9, DX
	JNE          sum
	REDUCE16(VADDPS)
	VMULSS       X14, X0, X0
	VBROADCASTSS X0, Y2
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	XORQ         R9, R9

variance:
	VMOVUPS      (SI)(R9*4), Y4
	VMOVUPS      32(SI)(R9*4), Y5
	VSUBPS       Y2, Y4, Y4
	VSUBPS       Y2, Y5, Y5
	VFMADD231PS  Y4, Y4, Y0
	VFMADD231PS  Y5, Y5, Y1
	ADDQ         $16, R9
	CMPQ         R9, DX
	JNE          variance
	REDUCE16(VADDPS)
	VMULSS       X14, X0, X0
	VADDSS       EPSILON, X0, X0
	VSQRTSS      X0, X0, X0
	VDIVSS       X0, X15, X0
	VBROADCASTSS X0, Y3
	XORQ         R9, R9

modulate:
	VMOVUPS     (SI)(R9*4), Y4
	VSUBPS      Y2, Y4, Y4
	VMULPS      Y3, Y4, Y4
	VADDPS      (R10)(R9*4), Y15, Y6
	VFMADD213PS (R11)(R9*4), Y6, Y4
	VMOVUPS     Y4, (DI)(R9*4)
	ADDQ        $8, R9
	CMPQ        R9, DX
	JNE         modulate
	LEAQ        (SI)(DX*4), SI
	LEAQ        (DI)(DX*4), DI
	DECQ        BX
	JNZ         row
	VZEROUPPER
	RET

// func addGatedAVX2(x, y, gate *float32, rows, width int)
TEXT ·addGatedAVX2(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ y+8(FP), SI
	MOVQ gate+16(FP), R10
	MOVQ rows+24(FP), BX
	MOVQ width+32(FP), DX

row:
	XORQ R9, R9

next:
	VMOVUPS     (R10)(R9*4), Y0
	VMOVUPS     (DI)(R9*4), Y1
	VFMADD231PS (SI)(R9*4), Y0, Y1
	VMOVUPS     Y1, (DI)(R9*4)
	ADDQ        $8, R9
	CMPQ        R9, DX
	JNE         next
	LEAQ        (SI)(DX*4), SI
	LEAQ        (DI)(DX*4), DI
	DECQ        BX
	JNZ         row
	VZEROUPPER
	RET
