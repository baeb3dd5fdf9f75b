// AdamW (Loshchilov and Hutter, arXiv 1711.05101) as torch.optim.AdamW, over one flat arena. The gradient is first scaled down to
// the clip, as torch.nn.utils.clip_grad_norm_ does. Elements before DECAYED are subject to weight decay. If the norm is not finite,
// nothing is written and the weights of the last good step stay.

@group(0) @binding(0) var<storage, read_write> weights: array<numbers>;  // [SIZE]
@group(0) @binding(1) var<storage, read> grads: array<numbers>;          // [SIZE]
@group(0) @binding(2) var<storage, read_write> m: array<numbers>;        // [SIZE]
@group(0) @binding(3) var<storage, read_write> v: array<numbers>;        // [SIZE]
@group(0) @binding(4) var<storage, read> norm: array<f32>;               // [1]
@group(0) @binding(5) var<storage, read> hyper: array<f32>;              // HYPER of src/engine.ts

override SIZE: u32;
override DECAYED: u32; // a multiple of STEP, as SIZE is

// one thread per `numbers`
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  // The exponent's bits tell, since compilers may assume that a comparison never meets NaN.
  if (i >= SIZE / STEP || (bitcast<u32>(norm[0]) & 0x7f800000u) == 0x7f800000u) { return; }
  let learning_rate = hyper[HYPER_LEARNING_RATE];
  let clip = select(1.0, min(1.0, hyper[HYPER_GRAD_CLIP] / (norm[0] + 1e-6)), hyper[HYPER_GRAD_CLIP] > 0.0);
  let g = grads[i] * clip;
  var w = weights[i];
  if (i < DECAYED / STEP) { w -= learning_rate * hyper[HYPER_WEIGHT_DECAY] * w; }
  let m_new = hyper[HYPER_BETA1] * m[i] + hyper[HYPER_REST1] * g;
  let v_new = hyper[HYPER_BETA2] * v[i] + hyper[HYPER_REST2] * g * g;
  m[i] = m_new;
  v[i] = v_new;
  weights[i] = w - learning_rate / hyper[HYPER_BIAS1] * m_new / (sqrt(v_new) / sqrt(hyper[HYPER_BIAS2]) + hyper[HYPER_EPS]);
}
