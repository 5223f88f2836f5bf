//! Reading pictures that strangers send: nothing is decoded before its size is known to be bearable.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    metadata::Orientation,
};

/// More pixels than a phone's photo has.
const PIXELS: u64 = 24_000_000;

/// Longer than a panorama or a long screenshot. Scaling takes time by the side, not by the pixel.
const SIDE: u32 = 20_000;

/// What a decoder may allocate, and what the decoded picture may take, in bytes: with the request
/// and the smaller picture beside it, it fits into a function of 256 MB.
const MEMORY: u64 = 96 << 20;

/// Why a picture is not decoded.
pub(crate) enum Unreadable {
    /// It is not of the formats in question.
    Format,
    /// It has too many pixels, or too long a side.
    TooLarge,
    /// It is not what its beginning promises.
    Broken(ImageError),
}

impl Unreadable {
    /// What to do about a picture that is too large.
    pub(crate) const TOO_LARGE: [&str; 2] = [
        "The image is too large to be decoded; scale it down to \
         24 million pixels and 20,000 px a side.",
        "图片过大，无法解码，请缩小到 2400 万像素以内、每边不超过 20,000 像素。",
    ];
}

impl From<ImageError> for Unreadable {
    fn from(error: ImageError) -> Unreadable {
        match error {
            ImageError::Limits(_) => Unreadable::TooLarge,
            error => Unreadable::Broken(error),
        }
    }
}

/// A picture of which only the header was read.
pub(crate) struct Opened<'a> {
    pub(crate) format: ImageFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    decoder: Box<dyn ImageDecoder + 'a>,
}

/// Reads a picture's header.
pub(crate) fn open<'a>(file: &'a [u8], formats: &[ImageFormat]) -> Result<Opened<'a>, Unreadable> {
    let format = image::guess_format(file).map_err(|_| Unreadable::Format)?;
    if !formats.contains(&format) {
        return Err(Unreadable::Format);
    }
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE), Some(SIDE));
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    Ok(Opened { format, width, height, decoder: Box::new(decoder) })
}

/// A picture, upright and at most as large as asked for.
pub(crate) struct Decoded {
    pub(crate) picture: DynamicImage,
    /// Width and height before, upright.
    pub(crate) from: (u32, u32),
}

impl Opened<'_> {
    /// Decodes the picture, averages it down to `side` pixels a side if it is larger, and turns
    /// it upright. Only one large picture exists at a time.
    pub(crate) fn decode(mut self, side: u32) -> Result<Decoded, Unreadable> {
        let (width, height) = (self.width, self.height);
        if u64::from(width) * u64::from(height) > PIXELS
            || width.max(height) > SIDE
            || self.decoder.total_bytes() > MEMORY
        {
            return Err(Unreadable::TooLarge);
        }
        let orientation = self.decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut picture = DynamicImage::from_decoder(self.decoder)?;
        if width.max(height) > side {
            picture = picture.thumbnail(side, side);
        }
        picture.apply_orientation(orientation);
        let from = match orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        };
        Ok(Decoded { picture, from })
    }
}

/// What is transparent shows the page, which is white more often than not.
pub(crate) fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, alpha] = picture.get_pixel(x, y).0;
        let blend = |channel: u8| {
            let (channel, alpha) = (u32::from(channel), u32::from(alpha));
            ((channel * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        Rgb([blend(r), blend(g), blend(b)])
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::{Duration, Instant};

    use image::GrayImage;

    use super::*;

    const ANY: &[ImageFormat] =
        &[ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP];

    /// A PNG whose header promises another size than it has.
    pub(crate) fn promising(width: u32, height: u32) -> Vec<u8> {
        let mut file = written(GrayImage::new(1, 1).into());
        file[16..20].copy_from_slice(&width.to_be_bytes());
        file[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&file[12..29]).to_be_bytes();
        file[29..33].copy_from_slice(&crc);
        file
    }

    fn written(picture: DynamicImage) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1))
            })
        })
    }

    fn is_too_large(file: &[u8]) -> bool {
        let decoded = open(file, ANY).and_then(|opened| opened.decode(100));
        matches!(decoded, Err(Unreadable::TooLarge))
    }

    #[test]
    fn pixels_and_sides_are_limited_before_anything_is_decoded() {
        let started = Instant::now();
        for (width, height) in [
            // A grey picture of 100 megapixels, which killed a function of 256 MB.
            (10_000, 10_000),
            // A line of 33 million pixels, which took 16 s to be scaled down.
            (1, 33_000_000),
            (33_000_000, 1),
            (20_001, 1),
            (1, 20_001),
            (6_000, 4_001),
            (60_000, 60_000),
            (u32::MAX >> 1, u32::MAX >> 1),
        ] {
            assert!(is_too_large(&promising(width, height)), "{width} × {height}");
        }
        assert!(started.elapsed() < Duration::from_secs(1));
        for (width, height) in [(20_000, 1), (1, 20_000)] {
            let file = written(GrayImage::new(width, height).into());
            assert!(
                open(&file, ANY).and_then(|opened| opened.decode(100)).is_ok(),
                "{width} × {height}"
            );
        }
    }

    #[test]
    fn an_unknown_format_is_not_opened() {
        let file = written(GrayImage::new(1, 1).into());
        assert!(matches!(open(&file, &[ImageFormat::Gif]), Err(Unreadable::Format)));
        assert!(matches!(open(b"<svg/>", ANY), Err(Unreadable::Format)));
    }
}
