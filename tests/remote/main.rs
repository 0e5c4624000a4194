//! The clients of the two services on the host, over a network and a clock that are fakes. One binary: tract is linked into each.

#![cfg(feature = "remote")]

mod dmxapi;
mod entries;
mod faults;
mod iam;
mod oauth;
mod qianfan;
mod retry;
mod signature;
mod split;
mod support;
