//! Reading a setting that only some functions have.

use std::marker::PhantomData;

use super::{Capability, Facts};
use crate::{App, Caller, settings::SettingFacts};

pub use crate::settings::Setting;

/// Reads a setting.
pub struct Settings<S>(PhantomData<S>);

impl<S: Setting> Capability for Settings<S> {
    type Handle<'a> = &'a S;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts { settings: vec![SettingFacts::of::<S>()], ..Facts::new(S::NAME) });
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> &'a S {
        app.setting()
    }
}
