/* The least work for these three JPEGs: a decode by libjpeg-turbo, scaled down as far as the largest rendition allows, and
 * the encoding of the three renditions. No resizing, no colour conversion, no metadata, no checks.
 *
 * The pixels to encode come from the reference renditions, so that the encoder has the same work as each peer's.
 *
 *     floor   reads lines `SOURCE LARGE.ppm MEDIUM.ppm SMALL.ppm FOLDER`, separated by tabs, and answers each with "done"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum { RENDITIONS = 3, QUALITY = 80, LONGEST_LINE = 8192 };
static const char *const NAMES[RENDITIONS] = {"large", "medium", "small"};

typedef struct {
    char name[LONGEST_LINE];
    unsigned width, height;
    JSAMPLE *pixels;
} Picture;

/* Cached between requests: reading the reference renditions is not part of the measured work. */
static Picture known[RENDITIONS];

static void stop(const char *what, const char *name) {
    fprintf(stderr, "floor: %s: %s\n", what, name);
    exit(1);
}

static FILE *open_file(const char *name, const char *mode) {
    FILE *file = fopen(name, mode);
    if (!file) stop("cannot open", name);
    return file;
}

static void read_ppm(Picture *picture, const char *name) {
    if (!strcmp(picture->name, name)) return;
    FILE *file = open_file(name, "rb");
    if (fscanf(file, "P6 %u %u 255", &picture->width, &picture->height) != 2 || fgetc(file) == EOF) stop("not a PPM", name);
    size_t size = (size_t)picture->width * picture->height * 3;
    picture->pixels = realloc(picture->pixels, size);
    if (!picture->pixels || fread(picture->pixels, 1, size, file) != size) stop("cut short", name);
    fclose(file);
    snprintf(picture->name, sizeof picture->name, "%s", name);
}

/* libjpeg decodes at M/8 of the size, fastest for M = 1, 2, 4 and 8; take the smallest that holds the largest rendition. */
static void decode_scaled(const char *name, unsigned wanted_width) {
    struct jpeg_decompress_struct decoder;
    struct jpeg_error_mgr errors;
    FILE *file = open_file(name, "rb");
    decoder.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&decoder);
    jpeg_stdio_src(&decoder, file);
    jpeg_read_header(&decoder, TRUE);
    decoder.out_color_space = JCS_RGB;
    decoder.scale_denom = 8;
    for (decoder.scale_num = 1; decoder.scale_num < 8; decoder.scale_num *= 2) {
        jpeg_calc_output_dimensions(&decoder);
        if (decoder.output_width >= wanted_width) break;
    }
    jpeg_start_decompress(&decoder);
    JSAMPROW row = malloc((size_t)decoder.output_width * decoder.output_components);
    while (decoder.output_scanline < decoder.output_height) jpeg_read_scanlines(&decoder, &row, 1);
    free(row);
    jpeg_finish_decompress(&decoder);
    jpeg_destroy_decompress(&decoder);
    fclose(file);
}

static void encode(const Picture *picture, const char *name) {
    struct jpeg_compress_struct encoder;
    struct jpeg_error_mgr errors;
    FILE *file = open_file(name, "wb");
    encoder.err = jpeg_std_error(&errors);
    jpeg_create_compress(&encoder);
    jpeg_stdio_dest(&encoder, file);
    encoder.image_width = picture->width;
    encoder.image_height = picture->height;
    encoder.input_components = 3;
    encoder.in_color_space = JCS_RGB;
    jpeg_set_defaults(&encoder); /* 4:2:0 */
    jpeg_set_quality(&encoder, QUALITY, TRUE);
    encoder.optimize_coding = TRUE;
    jpeg_start_compress(&encoder, TRUE);
    while (encoder.next_scanline < encoder.image_height) {
        JSAMPROW row = picture->pixels + (size_t)encoder.next_scanline * picture->width * 3;
        jpeg_write_scanlines(&encoder, &row, 1);
    }
    jpeg_finish_compress(&encoder);
    jpeg_destroy_compress(&encoder);
    fclose(file);
}

static void render(char *line) {
    char path[LONGEST_LINE];
    const char *source = strtok(line, "\t"), *names[RENDITIONS], *folder;
    for (int i = 0; i < RENDITIONS; i++) names[i] = strtok(NULL, "\t");
    if (!(folder = strtok(NULL, "\t\n"))) stop("not a request", source ? source : "");
    for (int i = 0; i < RENDITIONS; i++) {
        read_ppm(&known[i], names[i]);
        if (i == 0) decode_scaled(source, known[i].width);
        snprintf(path, sizeof path, "%s/%s.jpg", folder, NAMES[i]);
        encode(&known[i], path);
    }
}

int main(void) {
    char line[LONGEST_LINE];
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        render(line);
        puts("done");
        fflush(stdout);
    }
    return 0;
}
