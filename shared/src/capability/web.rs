//! The public web, for addresses that users gave.

use super::{Capability, Facts};
use crate::{App, Caller, fetch::Web};

/// Fetching from the public web, and from nothing else.
pub struct PublicWeb;

impl Capability for PublicWeb {
    type Handle<'a> = &'a Web;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts::new("PublicWeb"));
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> &'a Web {
        &app.web
    }
}
