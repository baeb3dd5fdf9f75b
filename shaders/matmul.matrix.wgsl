// A matrix product on tensor cores, which WGSL reaches through subgroup matrices, an experiment in Chromium. Factors have 16 bits, sums
// 32. The head of matmul.wgsl applies. src/ops/matmul.ts puts before this text: Left, Right and Sum, the types of one small product
// [MM, MK]·[MK, MN]; SUB, the lanes of a subgroup; BM and BN, the rows and columns of c that a workgroup computes.
// Each of four subgroups, two down and two across, computes 2 × 2 small matrices of c. Larger tiles were slower (LOG.md).
// The order of summing is the hardware's, so the bits differ from the other variants', within 16-bit rounding.

const BK = 2u * MK;
const PAD = 8u; // makes rows begin in different memory banks
const THREADS = 4u * SUB;

var<workgroup> tile_a: array<f16, max(BM * (BK + PAD), BK * (BM + PAD))>; // nn and nt: [BM, BK]; tn: [BK, BM], each as in a
var<workgroup> tile_b: array<f16, max(BN * (BK + PAD), BK * (BN + PAD))>; // nn and tn: [BK, BN]; nt: [BN, BK], each as in b
var<workgroup> bounce: array<f32, 4u * MM * MN>;                          // one small matrix of each subgroup

fn load_left(row: u32, k: u32) -> Left {
  if (FORM == FORM_TN) { return subgroupMatrixLoad<Left, col_major>(&tile_a, k * (BM + PAD) + row, BM + PAD); }
  return subgroupMatrixLoad<Left, row_major>(&tile_a, row * (BK + PAD) + k, BK + PAD);
}
fn load_right(k: u32, m: u32) -> Right {
  if (FORM == FORM_NT) { return subgroupMatrixLoad<Right, col_major>(&tile_b, m * (BK + PAD) + k, BK + PAD); }
  return subgroupMatrixLoad<Right, row_major>(&tile_b, k * (BN + PAD) + m, BN + PAD);
}

/// Stores to c the small matrix that this subgroup put into `bounce`.
fn drain(row: u32, m: u32, part: u32, lane: u32) {
  workgroupBarrier();
  let place = lane / SUB * MM * MN;
  for (var i = lane % SUB * 4u; i < MM * MN; i += SUB * 4u) {
    let y = vec4f(bounce[place + i], bounce[place + i + 1u], bounce[place + i + 2u], bounce[place + i + 3u]);
    put4(row + i / MN, m + i % MN, part, y);
  }
  workgroupBarrier();
}

// one workgroup per BM × BN of c
@compute @workgroup_size(THREADS)
fn matrix(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let team = lane / SUB;
  let own_row = team / 2u * 2u * MM;
  let own_m = team % 2u * 2u * MN;
  var s00 = Sum(); var s01 = Sum();
  var s10 = Sum(); var s11 = Sum();
  let range = k_range(group.z);
  for (var k = range.x; k < range.y; k += BK) {
    for (var i = lane; i < BM * BK / 4u; i += THREADS) {
      var to: u32;
      var x: vec4f;
      if (FORM == FORM_TN) {
        let row = i % (BM / 4u) * 4u;
        let at_k = i / (BM / 4u);
        x = a_along_rows(group.y * BM + row, k + at_k);
        to = at_k * (BM + PAD) + row;
      } else {
        let at_k = i % (BK / 4u) * 4u;
        let row = i / (BK / 4u);
        x = a_along_k(group.y * BM + row, k + at_k);
        to = row * (BK + PAD) + at_k;
      }
      let half = vec4<f16>(x * UP_A);
      tile_a[to] = half.x; tile_a[to + 1u] = half.y; tile_a[to + 2u] = half.z; tile_a[to + 3u] = half.w;
    }
    for (var i = lane; i < BN * BK / 4u; i += THREADS) {
      var to: u32;
      var y: vec4f;
      if (FORM == FORM_NT) {
        let at_k = i % (BK / 4u) * 4u;
        let m = i / (BK / 4u);
        y = b_along_k(k + at_k, group.x * BN + m);
        to = m * (BK + PAD) + at_k;
      } else {
        let m = i % (BN / 4u) * 4u;
        let at_k = i / (BN / 4u);
        y = b_along_columns(k + at_k, group.x * BN + m);
        to = at_k * (BN + PAD) + m;
      }
      let half = vec4<f16>(y * UP_B);
      tile_b[to] = half.x; tile_b[to + 1u] = half.y; tile_b[to + 2u] = half.z; tile_b[to + 3u] = half.w;
    }
    workgroupBarrier();
    for (var j = 0u; j < BK; j += MK) { // beyond K, a is zero
      let r0 = load_right(j, own_m);
      let r1 = load_right(j, own_m + MN);
      let l0 = load_left(own_row, j);
      s00 = subgroupMatrixMultiplyAccumulate(l0, r0, s00); s01 = subgroupMatrixMultiplyAccumulate(l0, r1, s01);
      let l1 = load_left(own_row + MM, j);
      s10 = subgroupMatrixMultiplyAccumulate(l1, r0, s10); s11 = subgroupMatrixMultiplyAccumulate(l1, r1, s11);
    }
    workgroupBarrier();
  }
  let row = group.y * BM + own_row;
  let m = group.x * BN + own_m;
  let place = team * MM * MN;
  subgroupMatrixStore<row_major>(&bounce, place, s00, MN); drain(row, m, group.z, lane);
  subgroupMatrixStore<row_major>(&bounce, place, s01, MN); drain(row, m + MN, group.z, lane);
  subgroupMatrixStore<row_major>(&bounce, place, s10, MN); drain(row + MM, m, group.z, lane);
  subgroupMatrixStore<row_major>(&bounce, place, s11, MN); drain(row + MM, m + MN, group.z, lane);
}
