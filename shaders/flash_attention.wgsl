// Causal self-attention that never keeps the T×T matrix (Dao et al., arXiv 2205.14135; backward as in arXiv 2307.08691). The forward
// passes once over the keys with a running maximum and sum. It saves each row's log-sum-exp, from which the backward recomputes the weights.
// A row of qkv is [q of NH heads | k of NKV | v of NKV]; it is read by vec4s, so HS is a multiple of 4.
// Each thread keeps its own query (or key) in registers and loops over the keys (or queries), four at a time.

@group(0) @binding(0) var<storage, read> qkv: array<vec4f>;           // [B, T, (NH + 2 NKV)·HS]
@group(0) @binding(1) var<storage, read> dice: array<u32>;            // DICE of src/engine.ts
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;     // [B, T, NH·HS]
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;       // [B, NH, T] log Σ exp(q·k/√HS)
@group(0) @binding(4) var<storage, read> dout: array<vec4f>;          // [B, T, NH·HS]
@group(0) @binding(5) var<storage, read_write> delta: array<f32>;     // [B, NH, T] dout·out, subtracted in the softmax's gradient
@group(0) @binding(6) var<storage, read_write> dqkv: array<vec4f>;    // [B, T, (NH + 2 NKV)·HS]

/// What differs from call to call of one kernel: the layers' dropout, and the sequences of a batch.
struct Size {
  stream: u32, // stream of random numbers of this dropout
  b: u32,      // B
}
@group(0) @binding(7) var<uniform> size: Size;

override T: u32;
override NH: u32;
override NKV: u32;
override SCALE: f32; // 1/√HS
override DROPOUT: bool = false;
override THRESHOLD: u32 = 0u;
override RESCALE: f32 = 1.0;
override ACCUMULATE: bool = false;

const MINUS_INFINITY = -3.0e38;

fn q_at(b: u32, t: u32, h: u32) -> u32 {
  return ((b * T + t) * (NH + 2u * NKV) + h) * HS4;
}
fn k_at(b: u32, t: u32, h: u32) -> u32 {
  return ((b * T + t) * (NH + 2u * NKV) + NH + h / (NH / NKV)) * HS4;
}
fn out_at(b: u32, t: u32, h: u32) -> u32 {
  return ((b * T + t) * NH + h) * HS4;
}
fn draw() -> u32 {
  if (DROPOUT) { return dropout_key(dice[DICE_SEED], dice[DICE_STEP], size.stream); }
  return 0u;
}
/// Dropout's factors for four weights of att, `stride` elements apart; `index` is the first one's element in [B, NH, T, T].
fn kept(key: u32, index: u32, stride: u32) -> vec4f {
  if (!DROPOUT) { return vec4f(1.0); }
  return vec4f(
    keep(key, index, THRESHOLD, RESCALE),
    keep(key, index + stride, THRESHOLD, RESCALE),
    keep(key, index + 2u * stride, THRESHOLD, RESCALE),
    keep(key, index + 3u * stride, THRESHOLD, RESCALE),
  );
}

// one thread per row of out
@compute @workgroup_size(FLAT)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= size.b * NH * T) { return; }
  let t = i % T;
  let h = i / T % NH;
  let b = i / (T * NH);
  let key = draw();
  let q = q_at(b, t, h);
  var query: array<vec4f, HS4>;
  var sum: array<vec4f, HS4>;
  for (var c = 0u; c < HS4; c++) {
    query[c] = qkv[q + c] * SCALE;
    sum[c] = vec4f();
  }
  var most = MINUS_INFINITY;
  var total = 0.0;
  for (var s = 0u; s <= t; s += 4u) {
    // A key past t is replaced by key t, with weight zero.
    let past = vec4u(s, s + 1u, s + 2u, s + 3u);
    let k0 = k_at(b, past.x, h);
    let k1 = k_at(b, min(past.y, t), h);
    let k2 = k_at(b, min(past.z, t), h);
    let k3 = k_at(b, min(past.w, t), h);
    var score = vec4f();
    for (var c = 0u; c < HS4; c++) {
      score += vec4f(dot(query[c], qkv[k0 + c]), dot(query[c], qkv[k1 + c]), dot(query[c], qkv[k2 + c]), dot(query[c], qkv[k3 + c]));
    }
    score = select(vec4f(MINUS_INFINITY), score, past <= vec4u(t));
    let peak = max(most, max(max(score.x, score.y), max(score.z, score.w)));
    let shrink = exp(most - peak);
    var p = exp(score - peak);
    total = total * shrink + p.x + p.y + p.z + p.w;
    most = peak;
    p *= kept(key, i * T + s, 1u);
    let v = NKV * HS4;
    for (var c = 0u; c < HS4; c++) {
      sum[c] = sum[c] * shrink + p.x * qkv[k0 + v + c] + p.y * qkv[k1 + v + c] + p.z * qkv[k2 + v + c] + p.w * qkv[k3 + v + c];
    }
  }
  let o = out_at(b, t, h);
  for (var c = 0u; c < HS4; c++) { out[o + c] = sum[c] / total; }
  lse[i] = most + log(total);
}

// one thread per row of dq and of delta; with p = exp(q·k/√HS − lse) and dp = dout·v: ds = p · (dp − delta), dq = Σ ds·k/√HS
@compute @workgroup_size(FLAT)
fn backward_q(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= size.b * NH * T) { return; }
  let t = i % T;
  let h = i / T % NH;
  let b = i / (T * NH);
  let key = draw();
  let q = q_at(b, t, h);
  let o = out_at(b, t, h);
  var query: array<vec4f, HS4>;
  var dvalue: array<vec4f, HS4>;
  var sum: array<vec4f, HS4>;
  var d = 0.0;
  for (var c = 0u; c < HS4; c++) {
    query[c] = qkv[q + c] * SCALE;
    dvalue[c] = dout[o + c];
    d += dot(dout[o + c], out[o + c]);
    sum[c] = vec4f();
  }
  delta[i] = d;
  let l = lse[i];
  for (var s = 0u; s <= t; s += 4u) {
    let past = vec4u(s, s + 1u, s + 2u, s + 3u);
    let k0 = k_at(b, past.x, h);
    let k1 = k_at(b, min(past.y, t), h);
    let k2 = k_at(b, min(past.z, t), h);
    let k3 = k_at(b, min(past.w, t), h);
    let v = NKV * HS4;
    var score = vec4f();
    var dp = vec4f();
    for (var c = 0u; c < HS4; c++) {
      score += vec4f(dot(query[c], qkv[k0 + c]), dot(query[c], qkv[k1 + c]), dot(query[c], qkv[k2 + c]), dot(query[c], qkv[k3 + c]));
      dp += vec4f(dot(dvalue[c], qkv[k0 + v + c]), dot(dvalue[c], qkv[k1 + v + c]), dot(dvalue[c], qkv[k2 + v + c]), dot(dvalue[c], qkv[k3 + v + c]));
    }
    let p = select(vec4f(), exp(score - l), past <= vec4u(t));
    let ds = p * (dp * kept(key, i * T + s, 1u) - d);
    for (var c = 0u; c < HS4; c++) {
      sum[c] += ds.x * qkv[k0 + c] + ds.y * qkv[k1 + c] + ds.z * qkv[k2 + c] + ds.w * qkv[k3 + c];
    }
  }
  for (var c = 0u; c < HS4; c++) {
    if (ACCUMULATE) { dqkv[q + c] += sum[c] * SCALE; } else { dqkv[q + c] = sum[c] * SCALE; }
  }
}

// one thread per row of dk and of dv, summed over the queries t ≥ s of the group: dv = Σ p·dout, dk = Σ ds·q/√HS
@compute @workgroup_size(FLAT)
fn backward_kv(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= size.b * NKV * T) { return; }
  let s = i % T;
  let kv = i / T % NKV;
  let b = i / (T * NKV);
  let key = draw();
  let k = k_at(b, s, kv * (NH / NKV));
  let v = k + NKV * HS4;
  var own_k: array<vec4f, HS4>;
  var own_v: array<vec4f, HS4>;
  var dk: array<vec4f, HS4>;
  var dv: array<vec4f, HS4>;
  for (var c = 0u; c < HS4; c++) {
    own_k[c] = qkv[k + c] * SCALE;
    own_v[c] = qkv[v + c];
    dk[c] = vec4f();
    dv[c] = vec4f();
  }
  for (var h = kv * (NH / NKV); h < (kv + 1u) * (NH / NKV); h++) {
    for (var t = s; t < T; t += 4u) {
      let now = vec4u(t, t + 1u, t + 2u, t + 3u);
      let at = min(now, vec4u(T - 1u));
      let q0 = q_at(b, at.x, h);
      let q1 = q_at(b, at.y, h);
      let q2 = q_at(b, at.z, h);
      let q3 = q_at(b, at.w, h);
      let o0 = out_at(b, at.x, h);
      let o1 = out_at(b, at.y, h);
      let o2 = out_at(b, at.z, h);
      let o3 = out_at(b, at.w, h);
      var score = vec4f();
      var dp = vec4f();
      for (var c = 0u; c < HS4; c++) {
        score += vec4f(dot(own_k[c], qkv[q0 + c]), dot(own_k[c], qkv[q1 + c]), dot(own_k[c], qkv[q2 + c]), dot(own_k[c], qkv[q3 + c]));
        dp += vec4f(dot(own_v[c], dout[o0 + c]), dot(own_v[c], dout[o1 + c]), dot(own_v[c], dout[o2 + c]), dot(own_v[c], dout[o3 + c]));
      }
      let row = (b * NH + h) * T;
      let l = vec4f(lse[row + at.x], lse[row + at.y], lse[row + at.z], lse[row + at.w]);
      let d = vec4f(delta[row + at.x], delta[row + at.y], delta[row + at.z], delta[row + at.w]);
      let p = select(vec4f(), exp(score - l), now < vec4u(T));
      let mask = kept(key, (row + t) * T + s, T);
      let ds = p * (dp * mask - d);
      let w = p * mask;
      for (var c = 0u; c < HS4; c++) {
        dv[c] += w.x * dout[o0 + c] + w.y * dout[o1 + c] + w.z * dout[o2 + c] + w.w * dout[o3 + c];
        dk[c] += ds.x * qkv[q0 + c] + ds.y * qkv[q1 + c] + ds.z * qkv[q2 + c] + ds.w * qkv[q3 + c];
      }
    }
  }
  for (var c = 0u; c < HS4; c++) {
    if (ACCUMULATE) {
      dqkv[k + c] += dk[c] * SCALE;
      dqkv[v + c] += dv[c];
    } else {
      dqkv[k + c] = dk[c] * SCALE;
      dqkv[v + c] = dv[c];
    }
  }
}
