// Flash attention through workgroup memory. The head of flash_attention.wgsl applies; the loops are those of Dao, arXiv 2307.08691.
// A workgroup owns ROWS queries of one head and loads TILE keys and values at a time (in backward_kv, ROWS keys and TILE queries).
// Tiles wholly above the diagonal are never loaded.
// Four neighbouring threads, a quad, share two rows, x and y. Each thread keeps every fourth vec4 of both, so that a value read from a
// tile serves twice and a head of 64 fits into registers. `sum_quad` adds a quad's four parts of a dot product.
// A mat4x4f here holds one vec4 of four rows of a tile, a row in each column. `row * matrix` is four dot products, `matrix * weights` a
// weighted sum of the rows. HS4 is a multiple of 4, TILE of 8.
// src/ops/flash_attention.ts puts `Kept`, the type of the tiles, before this text and `sum_quad` after it. `Kept` is vec4f, or with `fast`
// vec4<f16>, which doubles TILE. Sums always have 32 bits.

const ROWS = FLASH_ROWS;
const THREADS = 2u * ROWS;
const SHARE = HS4 / 4u; // vec4s of a row that one thread keeps
const NEXT = vec4u(0u, 1u, 2u, 3u);

// As in matmul.wgsl: gradients kept in 16 bits are scaled up by a power of two, and sums of them scaled down again.
override UP: f32 = 1.0;
override DOWN: f32 = 1.0 / UP;

var<workgroup> tile_a: array<Kept, TILE * HS4>; // [TILE, HS] keys, or queries
var<workgroup> tile_b: array<Kept, TILE * HS4>; // [TILE, HS] values, or gradients of outputs
var<workgroup> tile_lse: array<f32, TILE>;
var<workgroup> tile_delta: array<f32, TILE>;

/// The vec4 number `c` of rows `row` … `row + 3` of tile_a.
fn four_a(row: u32, c: u32) -> mat4x4f {
  let at = row * HS4 + c;
  return mat4x4f(vec4f(tile_a[at]), vec4f(tile_a[at + HS4]), vec4f(tile_a[at + 2u * HS4]), vec4f(tile_a[at + 3u * HS4]));
}
/// The vec4 number `c` of rows `row` … `row + 3` of tile_b.
fn four_b(row: u32, c: u32) -> mat4x4f {
  let at = row * HS4 + c;
  return mat4x4f(vec4f(tile_b[at]), vec4f(tile_b[at + HS4]), vec4f(tile_b[at + 2u * HS4]), vec4f(tile_b[at + 3u * HS4]));
}
/// Loads TILE keys and values from row s on. A row past the last is a copy of the last, which gets weight zero.
fn load_keys(b: u32, s: u32, h: u32, lane: u32) {
  for (var i = lane; i < TILE * HS4; i += THREADS) {
    let k = k_at(b, min(s + i / HS4, T - 1u), h) + i % HS4;
    tile_a[i] = Kept(qkv[k]);
    tile_b[i] = Kept(qkv[k + NKV * HS4]);
  }
}
/// Loads TILE queries from row t on, with dout, lse and delta. Past the last row lse is large, so that the weight exp(score − lse) is zero.
fn load_queries(b: u32, t: u32, h: u32, lane: u32) {
  for (var i = lane; i < TILE * HS4; i += THREADS) {
    let row = min(t + i / HS4, T - 1u);
    tile_a[i] = Kept(qkv[q_at(b, row, h) + i % HS4]);
    tile_b[i] = Kept(dout[out_at(b, row, h) + i % HS4] * UP);
  }
  for (var i = lane; i < TILE; i += THREADS) {
    let row = (b * NH + h) * T + min(t + i, T - 1u);
    tile_lse[i] = select(-MINUS_INFINITY, lse[row], t + i < T);
    tile_delta[i] = delta[row];
  }
}
fn largest(x: vec4f) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}
/// Number of blocks of ROWS rows in a sequence, one for each workgroup of a head.
fn blocks() -> u32 {
  return (T + ROWS - 1u) / ROWS;
}

// one workgroup per ROWS rows of out, those with the most keys first; four threads per pair of rows
@compute @workgroup_size(THREADS)
fn forward_tile(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = flat_group(group, groups);
  if (id >= size.b * NH * blocks()) { return; }
  let h = id % NH;
  let b = id / NH % size.b;
  let first = (blocks() - 1u - id / (NH * size.b)) * ROWS;
  let end = min(first + ROWS, T);
  let key = draw();
  let own = lane % 4u;
  let t = first + lane / 4u * 2u + vec2u(0u, 1u);
  let row = (b * NH + h) * T + t;
  let q_x = q_at(b, min(t.x, T - 1u), h) + own;
  let q_y = q_at(b, min(t.y, T - 1u), h) + own;
  var query_x: array<vec4f, SHARE>;
  var query_y: array<vec4f, SHARE>;
  var sum_x: array<vec4f, SHARE>;
  var sum_y: array<vec4f, SHARE>;
  for (var c = 0u; c < SHARE; c++) {
    query_x[c] = qkv[q_x + 4u * c] * SCALE;
    query_y[c] = qkv[q_y + 4u * c] * SCALE;
    sum_x[c] = vec4f();
    sum_y[c] = vec4f();
  }
  var most = vec2f(MINUS_INFINITY);
  var total = vec2f();
  for (var s = 0u; s < end; s += TILE) {
    load_keys(b, s, h, lane);
    workgroupBarrier();
    for (var j = 0u; j < min(TILE, end - s); j += 8u) {
      var near_x = vec4f(); // scores with the next four keys
      var near_y = vec4f();
      var far_x = vec4f();  // scores with the four keys after them
      var far_y = vec4f();
      for (var c = 0u; c < SHARE; c++) {
        let near = four_a(j, 4u * c + own);
        let far = four_a(j + 4u, 4u * c + own);
        near_x += query_x[c] * near;
        near_y += query_y[c] * near;
        far_x += query_x[c] * far;
        far_y += query_y[c] * far;
      }
      let score = sum_quad(mat4x4f(near_x, near_y, far_x, far_y), lane);
      let past = s + j + NEXT;
      near_x = select(vec4f(MINUS_INFINITY), score[0], past <= vec4u(t.x));
      near_y = select(vec4f(MINUS_INFINITY), score[1], past <= vec4u(t.y));
      far_x = select(vec4f(MINUS_INFINITY), score[2], past + 4u <= vec4u(t.x));
      far_y = select(vec4f(MINUS_INFINITY), score[3], past + 4u <= vec4u(t.y));
      let peak = max(most, vec2f(largest(max(near_x, far_x)), largest(max(near_y, far_y))));
      let shrink = exp(most - peak);
      near_x = exp(near_x - peak.x);
      near_y = exp(near_y - peak.y);
      far_x = exp(far_x - peak.x);
      far_y = exp(far_y - peak.y);
      total = total * shrink + vec2f(dot(near_x + far_x, vec4f(1.0)), dot(near_y + far_y, vec4f(1.0)));
      most = peak;
      near_x *= kept(key, row.x * T + past.x, 1u);
      near_y *= kept(key, row.y * T + past.x, 1u);
      far_x *= kept(key, row.x * T + past.x + 4u, 1u);
      far_y *= kept(key, row.y * T + past.x + 4u, 1u);
      for (var c = 0u; c < SHARE; c++) {
        let near = four_b(j, 4u * c + own);
        let far = four_b(j + 4u, 4u * c + own);
        sum_x[c] = sum_x[c] * shrink.x + near * near_x + far * far_x;
        sum_y[c] = sum_y[c] * shrink.y + near * near_y + far * far_y;
      }
    }
    workgroupBarrier();
  }
  for (var c = 0u; c < SHARE; c++) {
    if (t.x < T) { out[out_at(b, t.x, h) + 4u * c + own] = sum_x[c] / total.x; }
    if (t.y < T) { out[out_at(b, t.y, h) + 4u * c + own] = sum_y[c] / total.y; }
  }
  if (own == 0u && t.x < T) { lse[row.x] = most.x + log(total.x); }
  if (own == 0u && t.y < T) { lse[row.y] = most.y + log(total.y); }
}

// one workgroup per ROWS rows of dq, those with the most keys first; ds = p · (dp − delta), dq = Σ ds·k/√HS
@compute @workgroup_size(THREADS)
fn backward_q_tile(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = flat_group(group, groups);
  if (id >= size.b * NH * blocks()) { return; }
  let h = id % NH;
  let b = id / NH % size.b;
  let first = (blocks() - 1u - id / (NH * size.b)) * ROWS;
  let end = min(first + ROWS, T);
  let key = draw();
  let own = lane % 4u;
  let t = first + lane / 4u * 2u + vec2u(0u, 1u);
  let at = min(t, vec2u(T - 1u));
  let row = (b * NH + h) * T + t;
  let q_x = q_at(b, at.x, h) + own;
  let q_y = q_at(b, at.y, h) + own;
  let o_x = out_at(b, at.x, h) + own;
  let o_y = out_at(b, at.y, h) + own;
  var query_x: array<vec4f, SHARE>;
  var query_y: array<vec4f, SHARE>;
  var dvalue_x: array<vec4f, SHARE>;
  var dvalue_y: array<vec4f, SHARE>;
  var sum_x: array<vec4f, SHARE>;
  var sum_y: array<vec4f, SHARE>;
  var d_own = vec4f();
  for (var c = 0u; c < SHARE; c++) {
    query_x[c] = qkv[q_x + 4u * c] * SCALE;
    query_y[c] = qkv[q_y + 4u * c] * SCALE;
    dvalue_x[c] = dout[o_x + 4u * c];
    dvalue_y[c] = dout[o_y + 4u * c];
    d_own.x += dot(dvalue_x[c], out[o_x + 4u * c]);
    d_own.y += dot(dvalue_y[c], out[o_y + 4u * c]);
    sum_x[c] = vec4f();
    sum_y[c] = vec4f();
  }
  let d = sum_quad(mat4x4f(d_own, vec4f(), vec4f(), vec4f()), lane)[0];
  if (own == 0u && t.x < T) { delta[row.x] = d.x; }
  if (own == 0u && t.y < T) { delta[row.y] = d.y; }
  let l_x = lse[(b * NH + h) * T + at.x];
  let l_y = lse[(b * NH + h) * T + at.y];
  for (var s = 0u; s < end; s += TILE) {
    load_keys(b, s, h, lane);
    workgroupBarrier();
    for (var j = 0u; j < min(TILE, end - s); j += 4u) {
      var score_x = vec4f();
      var score_y = vec4f();
      var dp_x = vec4f();
      var dp_y = vec4f();
      for (var c = 0u; c < SHARE; c++) {
        let k = four_a(j, 4u * c + own);
        let v = four_b(j, 4u * c + own);
        score_x += query_x[c] * k;
        score_y += query_y[c] * k;
        dp_x += dvalue_x[c] * v;
        dp_y += dvalue_y[c] * v;
      }
      let whole = sum_quad(mat4x4f(score_x, score_y, dp_x, dp_y), lane);
      let past = s + j + NEXT;
      let p_x = select(vec4f(), exp(whole[0] - l_x), past <= vec4u(t.x));
      let p_y = select(vec4f(), exp(whole[1] - l_y), past <= vec4u(t.y));
      let ds_x = p_x * (whole[2] * kept(key, row.x * T + past.x, 1u) - d.x);
      let ds_y = p_y * (whole[3] * kept(key, row.y * T + past.x, 1u) - d.y);
      for (var c = 0u; c < SHARE; c++) {
        let k = four_a(j, 4u * c + own);
        sum_x[c] += k * ds_x;
        sum_y[c] += k * ds_y;
      }
    }
    workgroupBarrier();
  }
  for (var c = 0u; c < SHARE; c++) {
    if (t.x < T) { put(q_x + 4u * c, sum_x[c] * SCALE); }
    if (t.y < T) { put(q_y + 4u * c, sum_y[c] * SCALE); }
  }
}

// one workgroup per ROWS rows of dk and of dv, those with the most queries first, summed over the queries t ≥ s of the group:
// dv = Σ p·dout, dk = Σ ds·q/√HS
@compute @workgroup_size(THREADS)
fn backward_kv_tile(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let id = flat_group(group, groups);
  if (id >= size.b * NKV * blocks()) { return; }
  let kv = id % NKV;
  let b = id / NKV % size.b;
  let first = id / (NKV * size.b) * ROWS;
  let key = draw();
  let own = lane % 4u;
  let s = first + lane / 4u * 2u + vec2u(0u, 1u);
  let k_x = k_at(b, min(s.x, T - 1u), kv * (NH / NKV)) + own;
  let k_y = k_at(b, min(s.y, T - 1u), kv * (NH / NKV)) + own;
  let v = NKV * HS4;
  var key_x: array<vec4f, SHARE>;
  var key_y: array<vec4f, SHARE>;
  var value_x: array<vec4f, SHARE>;
  var value_y: array<vec4f, SHARE>;
  var dk_x: array<vec4f, SHARE>;
  var dk_y: array<vec4f, SHARE>;
  var dv_x: array<vec4f, SHARE>;
  var dv_y: array<vec4f, SHARE>;
  for (var c = 0u; c < SHARE; c++) {
    key_x[c] = qkv[k_x + 4u * c] * SCALE;
    key_y[c] = qkv[k_y + 4u * c] * SCALE;
    value_x[c] = qkv[k_x + v + 4u * c] * DOWN;
    value_y[c] = qkv[k_y + v + 4u * c] * DOWN;
    dk_x[c] = vec4f();
    dk_y[c] = vec4f();
    dv_x[c] = vec4f();
    dv_y[c] = vec4f();
  }
  for (var h = kv * (NH / NKV); h < (kv + 1u) * (NH / NKV); h++) {
    for (var t = first; t < T; t += TILE) {
      load_queries(b, t, h, lane);
      workgroupBarrier();
      for (var j = 0u; j < min(TILE, T - t); j += 4u) {
        var score_x = vec4f();
        var score_y = vec4f();
        var dp_x = vec4f();
        var dp_y = vec4f();
        for (var c = 0u; c < SHARE; c++) {
          let q = four_a(j, 4u * c + own);
          let o = four_b(j, 4u * c + own);
          score_x += key_x[c] * q;
          score_y += key_y[c] * q;
          dp_x += value_x[c] * o;
          dp_y += value_y[c] * o;
        }
        let whole = sum_quad(mat4x4f(score_x, score_y, dp_x, dp_y), lane);
        let now = t + j + NEXT;
        let l = vec4f(tile_lse[j], tile_lse[j + 1u], tile_lse[j + 2u], tile_lse[j + 3u]);
        let d = vec4f(tile_delta[j], tile_delta[j + 1u], tile_delta[j + 2u], tile_delta[j + 3u]);
        let p_x = select(vec4f(), exp(whole[0] - l), now >= vec4u(s.x));
        let p_y = select(vec4f(), exp(whole[1] - l), now >= vec4u(s.y));
        let row = ((b * NH + h) * T + now.x) * T;
        let mask_x = kept(key, row + s.x, T);
        let mask_y = kept(key, row + s.y, T);
        let ds_x = p_x * (whole[2] * mask_x - d);
        let ds_y = p_y * (whole[3] * mask_y - d);
        for (var c = 0u; c < SHARE; c++) {
          let q = four_a(j, 4u * c + own);
          let o = four_b(j, 4u * c + own);
          dk_x[c] += q * ds_x;
          dk_y[c] += q * ds_y;
          dv_x[c] += o * (p_x * mask_x);
          dv_y[c] += o * (p_y * mask_y);
        }
      }
      workgroupBarrier();
    }
  }
  for (var c = 0u; c < SHARE; c++) {
    if (s.x < T) {
      put(k_x + 4u * c, dk_x[c] * SCALE);
      put(k_x + v + 4u * c, dv_x[c] * DOWN);
    }
    if (s.y < T) {
      put(k_y + 4u * c, dk_y[c] * SCALE);
      put(k_y + v + 4u * c, dv_y[c] * DOWN);
    }
  }
}

/// Writes or adds one vec4 of dqkv.
fn put(i: u32, gradient: vec4f) {
  if (ACCUMULATE) { dqkv[i] += gradient; } else { dqkv[i] = gradient; }
}
