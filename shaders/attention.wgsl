// Causal self-attention (Vaswani et al., arXiv 1706.03762), the plain form that keeps the whole T×T matrix:
// att = softmax(q·kᵀ/√HS) over s ≤ t, out = dropout(att)·v. NH/NKV query heads share one key/value head (Ainslie et al.,
// arXiv 2305.13245). A row of qkv is [q of NH heads | k of NKV | v of NKV].

@group(0) @binding(0) var<storage, read> qkv: array<f32>;            // [B, T, (NH + 2 NKV)·HS]
@group(0) @binding(1) var<storage, read> dice: array<u32>;           // DICE of src/engine.ts
@group(0) @binding(2) var<storage, read_write> att: array<f32>;      // [B, NH, T, T] before dropout, 0 in the future
@group(0) @binding(3) var<storage, read_write> out: array<f32>;      // [B, T, NH·HS]
@group(0) @binding(4) var<storage, read> dout: array<f32>;           // [B, T, NH·HS]
@group(0) @binding(5) var<storage, read_write> dpreatt: array<f32>;  // [B, NH, T, T] gradient of q·kᵀ, already scaled
@group(0) @binding(6) var<storage, read_write> dqkv: array<f32>;     // [B, T, (NH + 2 NKV)·HS]

/// `stream` is the stream of random numbers of this dropout. It differs by layer, and a uniform lets one kernel serve all layers.
struct Size {
  stream: u32,
}
@group(0) @binding(7) var<uniform> size: Size;

override B: u32;
override T: u32;
override NH: u32;
override NKV: u32;
override HS: u32;
override SCALE: f32; // 1/√HS
override DROPOUT: bool = false;
override THRESHOLD: u32 = 0u;
override RESCALE: f32 = 1.0;
override ACCUMULATE: bool = false;

fn q_at(b: u32, t: u32, h: u32) -> u32 {
  return ((b * T + t) * (NH + 2u * NKV) + h) * HS;
}
fn k_at(b: u32, t: u32, h: u32) -> u32 {
  return ((b * T + t) * (NH + 2u * NKV) + NH + h / (NH / NKV)) * HS;
}
fn v_at(b: u32, t: u32, h: u32) -> u32 {
  return k_at(b, t, h) + NKV * HS;
}
fn kept(key: u32, index: u32) -> f32 {
  if (DROPOUT) { return keep(key, index, THRESHOLD, RESCALE); }
  return 1.0;
}
fn draw() -> u32 {
  if (DROPOUT) { return dropout_key(dice[DICE_SEED], dice[DICE_STEP], size.stream); }
  return 0u;
}

// one workgroup per row of att
@compute @workgroup_size(LANES)
fn forward_att(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = flat_group(group, groups);
  if (row >= B * NH * T) { return; }
  let t = row % T;
  let h = row / T % NH;
  let b = row / (T * NH);
  let q = q_at(b, t, h);
  var most = -3.4e38;
  for (var s = lane; s <= t; s += LANES) {
    let k = k_at(b, s, h);
    var score = 0.0;
    for (var c = 0u; c < HS; c++) { score += qkv[q + c] * qkv[k + c]; }
    score *= SCALE;
    att[row * T + s] = score;
    most = max(most, score);
  }
  most = max_lanes(most, lane);
  var sum = 0.0;
  for (var s = lane; s <= t; s += LANES) {
    let e = exp(att[row * T + s] - most);
    att[row * T + s] = e;
    sum += e;
  }
  let total = sum_lanes(sum, lane);
  for (var s = lane; s < T; s += LANES) {
    att[row * T + s] = select(0.0, att[row * T + s] / total, s <= t);
  }
}

// one thread per element of out
@compute @workgroup_size(FLAT)
fn forward_out(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= B * T * NH * HS) { return; }
  let c = i % HS;
  let h = i / HS % NH;
  let t = i / (HS * NH) % T;
  let b = i / (HS * NH * T);
  let row = ((b * NH + h) * T + t) * T;
  let key = draw();
  var sum = 0.0;
  for (var s = 0u; s <= t; s++) { sum += att[row + s] * kept(key, row + s) * qkv[v_at(b, s, h) + c]; }
  out[i] = sum;
}

// one workgroup per row of att; out = dropout(att)·v gives datt = dout·vᵀ, softmax gives dpreatt = att · (datt − Σ att·datt)
@compute @workgroup_size(LANES)
fn backward_att(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = flat_group(group, groups);
  if (row >= B * NH * T) { return; }
  let t = row % T;
  let h = row / T % NH;
  let b = row / (T * NH);
  let o = ((b * T + t) * NH + h) * HS;
  let key = draw();
  var sum = 0.0;
  for (var s = lane; s <= t; s += LANES) {
    let v = v_at(b, s, h);
    var datt = 0.0;
    for (var c = 0u; c < HS; c++) { datt += dout[o + c] * qkv[v + c]; }
    datt *= kept(key, row * T + s);
    dpreatt[row * T + s] = datt;
    sum += att[row * T + s] * datt;
  }
  let dot_product = sum_lanes(sum, lane);
  for (var s = lane; s <= t; s += LANES) {
    dpreatt[row * T + s] = SCALE * att[row * T + s] * (dpreatt[row * T + s] - dot_product);
  }
}

// one thread per element of dq; preatt[t,s] = q[t]·k[s]
@compute @workgroup_size(FLAT)
fn backward_q(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= B * T * NH * HS) { return; }
  let c = i % HS;
  let h = i / HS % NH;
  let t = i / (HS * NH) % T;
  let b = i / (HS * NH * T);
  let row = ((b * NH + h) * T + t) * T;
  var sum = 0.0;
  for (var s = 0u; s <= t; s++) { sum += dpreatt[row + s] * qkv[k_at(b, s, h) + c]; }
  let at = q_at(b, t, h) + c;
  if (ACCUMULATE) { dqkv[at] += sum; } else { dqkv[at] = sum; }
}

// one thread per element of dk and the same of dv, summed over the queries t ≥ s of the group; preatt = q·k, out = dropout(att)·v
@compute @workgroup_size(FLAT)
fn backward_kv(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= B * T * NKV * HS) { return; }
  let c = i % HS;
  let kv = i / HS % NKV;
  let s = i / (HS * NKV) % T;
  let b = i / (HS * NKV * T);
  let key = draw();
  var dk = 0.0;
  var dv = 0.0;
  for (var h = kv * (NH / NKV); h < (kv + 1u) * (NH / NKV); h++) {
    for (var t = s; t < T; t++) {
      let at = ((b * NH + h) * T + t) * T + s;
      dk += dpreatt[at] * qkv[q_at(b, t, h) + c];
      dv += att[at] * kept(key, at) * dout[((b * T + t) * NH + h) * HS + c];
    }
  }
  let at = k_at(b, s, kv * (NH / NKV)) + c;
  if (ACCUMULATE) {
    dqkv[at] += dk;
    dqkv[at + NKV * HS] += dv;
  } else {
    dqkv[at] = dk;
    dqkv[at + NKV * HS] = dv;
  }
}
