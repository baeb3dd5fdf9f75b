// Softmax cross-entropy with label smoothing e (Szegedy et al., arXiv 1512.00567), as torch.nn.functional.cross_entropy:
// loss = (1 − e)·(lse − logits[target]) + e·(lse − mean(logits)). A negative target is not counted.
// Rows are PITCH long in memory: what lies past V is anything in the logits, and zero in their gradient.

@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [N, PITCH]
@group(0) @binding(1) var<storage, read> targets: array<i32>;        // [N]
@group(0) @binding(2) var<storage, read> scale: array<f32>;          // [N] each row's share in the loss: 1 / (counted targets · micro-batches), or its weight's share
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;   // [N]
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;      // [N]
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;  // [N, PITCH]

override N: u32;
override V: u32;
override PITCH: u32 = V;
override SMOOTHING: f32 = 0.0;
override ACCUMULATE: bool = false;

// one workgroup per row
@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = flat_group(group, groups);
  if (n >= N) { return; }
  var most = -3.4e38;
  for (var v = lane; v < V; v += LANES) { most = max(most, logits[n * PITCH + v]); }
  most = max_lanes(most, lane);
  var sum = 0.0;
  var centred = 0.0;
  for (var v = lane; v < V; v += LANES) {
    let l = logits[n * PITCH + v] - most;
    sum += exp(l);
    centred += l;
  }
  let log_sum = log(sum_lanes(sum, lane));
  let mean = sum_lanes(centred, lane) / f32(V);
  if (lane > 0u) { return; }
  lse[n] = most + log_sum;
  let target_id = targets[n];
  if (target_id < 0) {
    losses[n] = 0.0;
  } else {
    let nll = log_sum - (logits[n * PITCH + u32(target_id)] - most);
    losses[n] = (1.0 - SMOOTHING) * nll + SMOOTHING * (log_sum - mean);
  }
}

/// dlogits = (softmax − (1 − e)·onehot − e/V) · scale[n], of the logit at `i`; 0 in a row n that is not counted, and past V.
fn gradient(i: u32, logit: f32) -> f32 {
  let n = i / PITCH;
  let v = i % PITCH;
  let target_id = targets[n];
  if (target_id < 0 || v >= V) { return 0.0; }
  let hot = select(0.0, 1.0 - SMOOTHING, u32(target_id) == v);
  return (exp(logit - lse[n]) - hot - SMOOTHING / f32(V)) * scale[n];
}

// one thread per logit
@compute @workgroup_size(FLAT)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= N * PITCH) { return; }
  let d = gradient(i, logits[i]);
  if (ACCUMULATE) { dlogits[i] += d; } else { dlogits[i] = d; }
}

// the same where dlogits has the memory of the logits, and so holds them: each is read by the thread that writes over it
@compute @workgroup_size(FLAT)
fn backward_in_place(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  if (i >= N * PITCH) { return; }
  dlogits[i] = gradient(i, dlogits[i]);
}
