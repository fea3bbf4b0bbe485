// Package diffusion samples molecules from a masked discrete diffusion model
// over SMILES tokens (MDLM: Sahoo et al. 2024, arXiv 2406.07524; order-agnostic
// decoding: Hoogeboom et al. 2021, arXiv 2110.02037). A transformer sees a
// molecule with some of its tokens masked and names them; sampling starts from
// a [Draft] whose tokens are all masked, or from one that keeps a part of a
// known molecule, and unmasks the rest in steps. What may stand at each place
// is limited by package grammar, and classifier-free guidance (Ho and Salimans
// 2022, arXiv 2207.12598; for discrete diffusion: Schiff et al. 2024, arXiv
// 2412.10193) pulls towards the [Condition].
//
// The model is trained by inference/training/train_diffusion.py; its weights
// are embedded. Everything runs on the processor in float32.
package diffusion

// mask is the number of the token that hides another.
const mask = 0
