/* The floor: a plain price ladder of one token in C, nothing but the sizes and the touch.
 * Build: cc -O3 -march=native -o ladder ladder.c; run: ladder FOLDER ROWS, where FOLDER holds the raw columns of day.py.
 * Prints the best time of several replays and the final touch as one JSON object. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEVELS = 100, REPEATS = 9, SNAPSHOT = 1, PRINT = 3 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void *column(const char *folder, const char *name, size_t width, size_t rows) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.bin", folder, name);
  FILE *file = fopen(path, "rb");
  void *data = malloc(width * rows);
  if (!file || !data || fread(data, width, rows, file) != rows) {
    fprintf(stderr, "%s: cannot read %zu values; write the day with day.py first\n", path, rows);
    exit(2);
  }
  fclose(file);
  return data;
}

static int64_t replay(size_t rows, const uint8_t *kind, const int8_t *side, const int32_t *price, const int64_t *lots,
                      const uint8_t *first, int64_t *bids, int64_t *asks, int touch[2], int64_t *moves) {
  int bid = 0, ask = LEVELS;
  int64_t sum = 0, moved = 0;
  for (size_t i = 0; i < rows; i++) {
    if (kind[i] == PRINT) continue;
    if (kind[i] == SNAPSHOT && first[i]) {
      memset(bids, 0, (LEVELS + 1) * sizeof *bids);
      memset(asks, 0, (LEVELS + 1) * sizeof *asks);
      bid = 0;
      ask = LEVELS;
    }
    int p = price[i];
    int64_t size = lots[i];
    int before = bid + ask;
    if (side[i] > 0) {
      bids[p] = size;
      if (size > 0) {
        if (p > bid) bid = p;
      } else if (p == bid) {
        while (bid > 0 && bids[bid] == 0) bid--;
      }
    } else {
      asks[p] = size;
      if (size > 0) {
        if (p < ask) ask = p;
      } else if (p == ask) {
        while (ask < LEVELS && asks[ask] == 0) ask++;
      }
    }
    moved += bid + ask != before;
    sum += bid * 31 + ask;
  }
  touch[0] = bid;
  touch[1] = ask;
  *moves = moved;
  return sum;
}

int main(int count, char **words) {
  if (count != 3) {
    fprintf(stderr, "usage: ladder FOLDER ROWS\n");
    return 2;
  }
  size_t rows = strtoull(words[2], NULL, 10);
  uint8_t *kind = column(words[1], "kind", 1, rows);
  int8_t *side = column(words[1], "side", 1, rows);
  int32_t *price = column(words[1], "price", 4, rows);
  int64_t *lots = column(words[1], "lots", 8, rows);
  uint8_t *first = column(words[1], "first", 1, rows);
  int64_t bids[LEVELS + 1], asks[LEVELS + 1], moves = 0, sum = 0;
  int touch[2] = {0, 0};
  double best = 1e9;
  for (int round = 0; round < REPEATS; round++) {
    memset(bids, 0, sizeof bids);
    memset(asks, 0, sizeof asks);
    double began = seconds();
    sum = replay(rows, kind, side, price, lots, first, bids, asks, touch, &moves);
    double took = seconds() - began;
    if (round > 0 && took < best) best = took;
  }
  printf("{\"engine\": \"c_ladder\", \"path\": \"book\", \"rows\": %zu, \"replay_s\": %.6f, \"touch\": [%d, %d], "
         "\"row_moves\": %ld, \"sum\": %ld}\n",
         rows, best, touch[0], touch[1], (long)moves, (long)sum);
  return 0;
}
