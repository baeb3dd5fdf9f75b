// A matrix product through workgroup memory: 16 columns of a and 16 rows of b at a time are read once by a workgroup, laid down so
// that four neighbours of a's rows and of b's columns are one vec4, and used by all of its threads. The head of matmul.wgsl holds.
// BM, BN and TM (the tile of a workgroup, the rows of a thread) are put before this text.

const BK = 16u;
const BM4 = BM / 4u;
const BN4 = BN / 4u;
const TM4 = TM / 4u;
const ACROSS = BN4;               // threads on a row: each has 4 columns
const THREADS = ACROSS * (BM / TM);
const A_BLOCKS = BM4 * (BK / 4u); // 4 × 4 numbers each
const BLOCKS = A_BLOCKS + BN4 * (BK / 4u);

var<workgroup> tile_a: array<vec4f, BK * BM4>; // [BK, BM]
var<workgroup> tile_b: array<vec4f, BK * BN4>; // [BK, BN]

// one workgroup per BM × BN of c, one thread per TM × 4 of it
@compute @workgroup_size(THREADS)
fn tile(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first_row = group.y * BM;
  let first_m = group.x * BN;
  let own_row = lane / ACROSS * TM4; // in vec4s
  let own_m = lane % ACROSS;
  var sums: array<vec4f, TM>;
  for (var i = 0u; i < TM; i++) { sums[i] = vec4f(); }
  let range = k_range(group.z);
  for (var k = range.x; k < range.y; k += BK) {
    for (var block = lane; block < BLOCKS; block += THREADS) {
      if (block < A_BLOCKS) {
        let at_k = block % (BK / 4u) * 4u;
        let at_row = block / (BK / 4u);
        let row = first_row + 4u * at_row;
        var x: mat4x4f;
        if (FORM == TN) {
          x = mat4x4f(a_along_rows(row, k + at_k), a_along_rows(row, k + at_k + 1u), a_along_rows(row, k + at_k + 2u), a_along_rows(row, k + at_k + 3u));
        } else {
          x = transpose(mat4x4f(a_along_k(row, k + at_k), a_along_k(row + 1u, k + at_k), a_along_k(row + 2u, k + at_k), a_along_k(row + 3u, k + at_k)));
        }
        for (var j = 0u; j < 4u; j++) { tile_a[(at_k + j) * BM4 + at_row] = x[j]; }
      } else {
        let at_m = (block - A_BLOCKS) % BN4;
        let at_k = (block - A_BLOCKS) / BN4 * 4u;
        let m = first_m + 4u * at_m;
        var y: mat4x4f;
        if (FORM == NT) {
          y = transpose(mat4x4f(b_along_k(k + at_k, m), b_along_k(k + at_k, m + 1u), b_along_k(k + at_k, m + 2u), b_along_k(k + at_k, m + 3u)));
        } else {
          y = mat4x4f(b_along_columns(k + at_k, m), b_along_columns(k + at_k + 1u, m), b_along_columns(k + at_k + 2u, m), b_along_columns(k + at_k + 3u, m));
        }
        for (var j = 0u; j < 4u; j++) { tile_b[(at_k + j) * BN4 + at_m] = y[j]; }
      }
    }
    workgroupBarrier();
    for (var j = 0u; j < BK; j++) { // beyond K, a is zero
      let y = tile_b[j * BN4 + own_m];
      for (var i = 0u; i < TM4; i++) {
        let x = tile_a[j * BM4 + own_row + i];
        sums[4u * i] += x.x * y;
        sums[4u * i + 1u] += x.y * y;
        sums[4u * i + 2u] += x.z * y;
        sums[4u * i + 3u] += x.w * y;
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < TM; i++) { put4(first_row + 4u * own_row + i, first_m + 4u * own_m, group.z, sums[i]); }
}
