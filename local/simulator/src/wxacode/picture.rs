//! What a code looks like. It leads nowhere: no phone knows the simulated WeChat.

use std::f32::consts::TAU;

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
};
use model::crypto::sha256;

/// The pattern of a code.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// A mini-program code: rays around a disc.
    Round,
    /// A QR code.
    Square,
}

/// A code in a size and a color.
pub(super) struct Picture {
    pub(super) shape: Shape,
    /// Width and height in px.
    pub(super) width: u32,
    /// Red, green and blue of the lines.
    pub(super) ink: [u8; 3],
    /// No background, instead of a white one.
    pub(super) transparent: bool,
}

impl Picture {
    /// A PNG if it is transparent, else a JPEG; always the same one for the same content.
    pub(super) fn draw(&self, content: &str) -> Vec<u8> {
        let [r, g, b] = self.ink;
        let (color, ground, ink) = if self.transparent {
            (ExtendedColorType::Rgba8, vec![r, g, b, 0], vec![r, g, b, 255])
        } else if r == g && g == b {
            // Most codes are black, and gray takes a third of the time.
            (ExtendedColorType::L8, vec![255], vec![r])
        } else {
            (ExtendedColorType::Rgb8, vec![255; 3], vec![r, g, b])
        };
        let mut canvas = Canvas::new(self.width, &ground, &ink);
        match self.shape {
            Shape::Round => round(&mut canvas, content),
            Shape::Square => square(&mut canvas, content),
        }
        let (pixels, width) = (&canvas.pixels, self.width);
        let mut file = Vec::new();
        let encoded = if self.transparent {
            PngEncoder::new(&mut file).write_image(pixels, width, width, color)
        } else {
            JpegEncoder::new(&mut file).write_image(pixels, width, width, color)
        };
        encoded.expect("the canvas has this size and color");
        file
    }
}

/// As many bits as are asked for, all made of the content.
fn bits(content: &str) -> impl Iterator<Item = bool> {
    let digests = (0..).map(move |number: u32| {
        let text = format!("{number}\n{content}");
        sha256(text).to_vec()
    });
    digests.flatten().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1))
}

/// Rays of dashes, three eyes, and a disc where an account has its picture.
fn round(canvas: &mut Canvas, content: &str) {
    const RAYS: u8 = 54;
    const DASHES: u8 = 9;
    let at = |turn: f32, radius: f32| {
        let (sin, cos) = (turn * TAU).sin_cos();
        (0.5 + radius * cos, 0.5 + radius * sin)
    };
    let eyes = [0.375, 0.625, 0.875].map(|turn| at(turn, 0.37));
    let mut bits = bits(content);
    for ray in 0..RAYS {
        let turn = f32::from(ray) / f32::from(RAYS);
        for dash in 0..DASHES {
            let start = 0.265 + 0.0235 * f32::from(dash);
            let (x, y) = at(turn, start);
            let is_free = eyes.iter().all(|eye| (eye.0 - x).hypot(eye.1 - y) > 0.105);
            let bit = bits.next() == Some(true);
            // Each ray has its first dash, so that the disc has a rim.
            if is_free && (bit || dash == 0) {
                for step in 0..4 {
                    canvas.disc(at(turn, start + 0.004 * step as f32), 0.009, true);
                }
            }
        }
    }
    for eye in eyes {
        canvas.disc(eye, 0.082, true);
        canvas.disc(eye, 0.058, false);
        canvas.disc(eye, 0.034, true);
    }
    canvas.disc((0.5, 0.5), 0.215, true);
}

/// Three eyes, the dotted lines between them, and noise: what a QR code of version 3 looks like.
fn square(canvas: &mut Canvas, content: &str) {
    const MODULES: u8 = 29;
    const EYE: u8 = 7;
    let module = 0.9 / f32::from(MODULES);
    let at =
        |column: u8, row: u8| (0.05 + module * f32::from(column), 0.05 + module * f32::from(row));
    let mut bits = bits(content);
    for row in 0..MODULES {
        for column in 0..MODULES {
            let bit = bits.next() == Some(true);
            let dotted = row == EYE - 1 || column == EYE - 1;
            if if dotted { (row + column) % 2 == 0 } else { bit } {
                canvas.block(at(column, row), module, true);
            }
        }
    }
    let far = MODULES - EYE;
    for (column, row) in [(0, 0), (far, 0), (0, far)] {
        // The margin around an eye ends at the edge of the code.
        let (left, top) = (column.saturating_sub(1), row.saturating_sub(1));
        canvas.block(at(left, top), module * f32::from(EYE + 1), false);
        for (inset, ink) in [(0, true), (1, false), (2, true)] {
            let side = module * f32::from(EYE - 2 * inset);
            canvas.block(at(column + inset, row + inset), side, ink);
        }
    }
}

/// A square of pixels whose sides are 1 long.
///
/// Shapes are drawn in whole rows: a test draws many, and is not optimized.
struct Canvas {
    pixels: Vec<u8>,
    width: usize,
    /// A row of background.
    ground: Vec<u8>,
    /// A row of lines.
    ink: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, ground: &[u8], ink: &[u8]) -> Canvas {
        let width = width as usize;
        let (ground, ink) = (ground.repeat(width), ink.repeat(width));
        Canvas { pixels: ground.repeat(width), width, ground, ink }
    }

    fn disc(&mut self, (x, y): (f32, f32), radius: f32, ink: bool) {
        let scale = self.width as f32;
        let (x, y, radius) = (x * scale, y * scale, radius * scale);
        for row in (y - radius) as usize..=(y + radius) as usize {
            let height = row as f32 + 0.5 - y;
            let half = (radius * radius - height * height).max(0.0).sqrt();
            self.span(row, x - half, x + half, ink);
        }
    }

    fn block(&mut self, (x, y): (f32, f32), side: f32, ink: bool) {
        let scale = self.width as f32;
        for row in (y * scale).round() as usize..((y + side) * scale).round() as usize {
            self.span(row, x * scale, (x + side) * scale, ink);
        }
    }

    /// From one pixel to before another.
    fn span(&mut self, row: usize, from: f32, to: f32, ink: bool) {
        let source = if ink { &self.ink } else { &self.ground };
        let depth = source.len() / self.width;
        let (from, to) = (from.round() as usize * depth, to.round() as usize * depth);
        let start = row * source.len();
        self.pixels[start + from..start + to].copy_from_slice(&source[from..to]);
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};

    use super::*;

    const GREEN: [u8; 3] = [7, 193, 96];

    fn read(file: &[u8]) -> RgbaImage {
        image::load_from_memory(file).unwrap().into_rgba8()
    }

    /// What there is of one kind of pixel, in percent.
    fn share(image: &RgbaImage, is_it: impl Fn(&Rgba<u8>) -> bool) -> usize {
        image.pixels().filter(|pixel| is_it(pixel)).count() * 100 / image.pixels().len()
    }

    #[test]
    fn a_code_is_as_wide_as_asked_and_has_lines_and_background() {
        for shape in [Shape::Round, Shape::Square] {
            for (width, ink) in [(280, [0; 3]), (431, GREEN), (1280, [0; 3])] {
                let file = Picture { shape, width, ink, transparent: false }.draw("a");
                assert_eq!(image::guess_format(&file).unwrap(), ImageFormat::Jpeg);
                let image = read(&file);
                assert_eq!(image.dimensions(), (width, width));
                // A JPEG is not exact.
                let like = |pixel: &Rgba<u8>, color: [u8; 3]| {
                    pixel.0.iter().zip(color).all(|(have, want)| have.abs_diff(want) < 24)
                };
                let (lines, ground) =
                    (share(&image, |p| like(p, ink)), share(&image, |p| like(p, [255; 3])));
                assert!(lines > 20 && ground > 40, "{lines} % lines, {ground} % background");
                assert!(like(image.get_pixel(0, 0), [255; 3]), "a margin");
            }
        }
    }

    #[test]
    fn a_transparent_code_is_a_png_of_the_color_and_nothing() {
        for shape in [Shape::Round, Shape::Square] {
            let file = Picture { shape, width: 280, ink: GREEN, transparent: true }.draw("a");
            assert_eq!(image::guess_format(&file).unwrap(), ImageFormat::Png);
            let image = read(&file);
            let [r, g, b] = GREEN;
            let lines = share(&image, |pixel| pixel.0 == [r, g, b, 255]);
            assert!((20..60).contains(&lines), "{lines} % lines");
            assert!(image.pixels().all(|pixel| [[r, g, b, 255], [r, g, b, 0]].contains(&pixel.0)));
        }
    }

    #[test]
    fn the_content_alone_makes_the_pattern() {
        for shape in [Shape::Round, Shape::Square] {
            let draw = |content| {
                Picture { shape, width: 280, ink: [0; 3], transparent: false }.draw(content)
            };
            assert_eq!(draw("id=42"), draw("id=42"));
            assert_ne!(draw("id=42"), draw("id=43"));
        }
    }
}
