//! An ONNX file as it arrives: large tensors go straight to memory of their own, the rest is kept for the decoder.
//!
//! The file is a message of fields; the graph's field holds nodes and initializers, and an initializer's type, dims and
//! name stand before its bytes. In whatever order the graph's fields come, no tensor is in memory twice. Where nodes come
//! first, as exporters write them, matrices are packed as they pass; where they come last, once the whole file is there.

use std::sync::Arc;

use prost::Message;
use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};

use crate::error::{Error, Result};
use crate::local::load::{Destination, Reread};
use crate::local::onnx::field::{Field, Header};
use crate::local::onnx::home::Incoming;
use crate::local::onnx::parts::{Part, Range};
use crate::local::onnx::wanted::{Fate, Wanted};
use crate::local::onnx::weights::{LARGE, Weights, plain_type};
use crate::local::onnx::{operators, refuse};
use crate::local::room::Room;

/// Field numbers of onnx.proto.
const GRAPH: u64 = 7;
const INITIALIZER: u64 = 5;
const RAW_DATA: u64 = 9;

/// Memory beside the weights: the graph, the matrix that is being packed, a row's activations. In bytes.
const WORKING: u64 = 32 << 20;

/// A model file, as much of it as has come.
pub struct IncomingModel {
    room: Room,
    wanted: Wanted,
    weights: Weights,
    /// Fields of the model, of the graph and of the open initializer that the decoder gets.
    model: Vec<u8>,
    graph: Vec<u8>,
    tensor: Vec<u8>,
    initializers: Vec<TensorProto>,
    /// Bytes left of the graph and of the initializer, where one is open.
    graph_left: Option<u64>,
    tensor_left: Option<u64>,
    state: State,
    /// Bytes so far, and the first of them, for messages.
    size: u64,
    beginning: Vec<u8>,
    /// Bytes that were looked at.
    offset: u64,
}

enum State {
    /// Between two fields, or in a header.
    Header(Header),
    /// In a field for the decoder: bytes left.
    Kept(u64),
    /// In a large initializer: its name, and what of it is there.
    Filled(String, Incoming),
    /// In one that is not kept: bytes left.
    Skipped(u64),
}

impl Destination for IncomingModel {
    fn take(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.beginning.extend(bytes.iter().take(8_usize.saturating_sub(self.beginning.len())));
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let took = self.step(bytes)?;
            bytes = bytes.get(took..).unwrap_or_default();
        }
        Ok(())
    }
}

impl IncomingModel {
    /// Nothing yet; what comes must fit into `room`.
    pub fn new(room: Room) -> Self {
        Self::of_part(room, Part { index: 0, of: 1 })
    }

    /// As [`IncomingModel::new`], of a part of the model alone: the weights of others are let go by.
    pub fn of_part(room: Room, part: Part) -> Self {
        Self {
            room,
            wanted: Wanted::new(part),
            weights: Weights::default(),
            model: Vec::new(),
            graph: Vec::new(),
            tensor: Vec::new(),
            initializers: Vec::new(),
            graph_left: None,
            tensor_left: None,
            state: State::Header(Header::default()),
            size: 0,
            beginning: Vec::new(),
            offset: 0,
        }
    }

    /// Leaves large embedding tables in the file, of which `again` reads rows while the model ranks.
    #[must_use]
    pub fn leaving_tables(mut self, again: Arc<dyn Reread>) -> Self {
        self.wanted.leave_tables(again);
        self
    }

    /// The whole file: its graph, and the large initializers that left it.
    pub(super) fn finish(self) -> Result<(ModelProto, Weights, Range)> {
        let is_between = matches!(&self.state, State::Header(header) if header.bytes().is_empty());
        if !is_between || self.graph_left.is_some() {
            return Err(self.no_model());
        }
        let decoded = ModelProto::decode(&*self.model).and_then(|model| Ok((model, GraphProto::decode(&*self.graph)?)));
        let (mut model, mut graph) = decoded.map_err(|_| self.no_model())?;
        if graph.node.is_empty() {
            return Err(self.no_model());
        }
        graph.initializer = self.initializers;
        let range = self.wanted.range(&graph);
        model.graph = Some(graph);
        Ok((model, self.weights, range))
    }

    /// Goes on with `bytes`, of which there is one at least; how many it took.
    fn step(&mut self, bytes: &[u8]) -> Result<usize> {
        let took = match &mut self.state {
            State::Header(header) => {
                let byte = bytes.first().copied().unwrap_or_default();
                let found = header.push(byte);
                let header = if let Ok(Some(_)) = found { std::mem::take(header) } else { Header::default() };
                self.count(1)?;
                match found {
                    Ok(Some(field)) => self.open(field, &header)?,
                    Ok(None) => {}
                    Err(_) => return Err(self.no_model()),
                }
                1
            }
            State::Kept(left) => {
                let took = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= took as u64;
                let is_whole = *left == 0;
                self.keep(bytes.get(..took).unwrap_or_default())?;
                if is_whole {
                    self.state = State::Header(Header::default());
                }
                self.count(took as u64)?;
                took
            }
            State::Skipped(left) => {
                let took = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= took as u64;
                if *left == 0 {
                    self.state = State::Header(Header::default());
                }
                self.count(took as u64)?;
                took
            }
            State::Filled(_, incoming) => {
                let took = incoming.take(bytes);
                if incoming.is_whole()
                    && let State::Filled(name, incoming) =
                        std::mem::replace(&mut self.state, State::Header(Header::default()))
                    && let Some(home) = incoming.finish()
                {
                    self.weights.insert(name, home);
                }
                self.count(took as u64)?;
                took
            }
        };
        self.close()?;
        Ok(took)
    }

    /// Takes `bytes` off what is left of the open messages.
    fn count(&mut self, bytes: u64) -> Result<()> {
        self.offset += bytes;
        let less = |left: Option<u64>| left.map_or(Some(None), |left| left.checked_sub(bytes).map(Some));
        let (Some(graph), Some(tensor)) = (less(self.graph_left), less(self.tensor_left)) else {
            return Err(self.no_model());
        };
        (self.graph_left, self.tensor_left) = (graph, tensor);
        Ok(())
    }

    /// What becomes of a field whose header is whole.
    fn open(&mut self, field: Field, header: &Header) -> Result<()> {
        if self.tensor_left.or(self.graph_left).is_some_and(|left| field.size > left) {
            return Err(self.no_model());
        }
        match (self.graph_left, self.tensor_left, field.number) {
            (None, _, GRAPH) if field.is_delimited => {
                // Where something is let go by, nobody knows yet how much: each tensor is asked for by itself.
                let size = if self.wanted.is_all() { field.size } else { 0 };
                self.room.need("model", size + WORKING)?;
                self.graph_left = Some(field.size);
            }
            (Some(_), None, INITIALIZER) if field.is_delimited => {
                if self.initializers.is_empty() {
                    self.read_nodes()?;
                }
                self.tensor_left = Some(field.size);
            }
            (_, Some(_), RAW_DATA) if field.is_delimited && field.size >= LARGE as u64 && self.fill(field.size)? => {}
            _ => {
                self.keep(header.bytes())?;
                if field.size > 0 {
                    self.state = State::Kept(field.size);
                }
            }
        }
        Ok(())
    }

    /// Makes room for the open initializer's `size` bytes; `false`: what it is is not known yet, or not as plain numbers.
    fn fill(&mut self, size: u64) -> Result<bool> {
        let Ok(stub) = TensorProto::decode(&*self.tensor) else { return Err(self.no_model()) };
        refuse::data_type(&stub.name, stub.data_type)?;
        let Some(datum_type) = plain_type(stub.data_type).filter(|_| !stub.name.is_empty()) else {
            return Ok(false);
        };
        let shape: Option<Vec<usize>> = stub.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let bytes = |shape: &[usize]| shape.iter().try_fold(datum_type.size_of(), |size, &dim| size.checked_mul(dim));
        let Some(shape) = shape.filter(|shape| bytes(shape).is_some_and(|bytes| bytes as u64 == size)) else {
            return Err(refuse::size_of(&stub, size));
        };
        match self.wanted.fate(&stub.name, &shape, datum_type, self.offset) {
            Fate::Kept => {}
            Fate::Skipped => {
                self.weights.skip(stub.name);
                self.state = State::Skipped(size);
                return Ok(true);
            }
            Fate::Left(table) => {
                self.weights.leave(stub.name, table);
                self.state = State::Skipped(size);
                return Ok(true);
            }
        }
        self.room.has("model", size)?;
        let incoming = Incoming::new(datum_type, &shape, self.wanted.is_multiplied(&stub.name));
        self.state = State::Filled(stub.name, incoming.ok_or_else(|| self.room.full("model", size))?);
        Ok(true)
    }

    /// Keeps `bytes` for the decoder of the innermost open message.
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        let kept = match (self.graph_left, self.tensor_left) {
            (_, Some(_)) => &mut self.tensor,
            (Some(_), None) => &mut self.graph,
            (None, None) => &mut self.model,
        };
        self.room.extend("model", kept, bytes)
    }

    /// Closes what has no bytes left, where no field of it is open.
    fn close(&mut self) -> Result<()> {
        if !matches!(&self.state, State::Header(header) if header.bytes().is_empty()) {
            return Ok(());
        }
        if self.tensor_left == Some(0) {
            let Ok(stub) = TensorProto::decode(&*self.tensor) else { return Err(self.no_model()) };
            self.tensor.clear();
            self.tensor_left = None;
            self.initializers.push(stub);
        }
        if self.graph_left == Some(0) {
            self.graph_left = None;
        }
        Ok(())
    }

    /// Refuses what cannot run before its weights come, and sees what they are for: exporters write nodes first.
    fn read_nodes(&mut self) -> Result<()> {
        let graph = GraphProto::decode(&*self.graph).map_err(|_| self.no_model())?;
        self.wanted.read_nodes(&graph);
        self.weights.came_first = graph.node.is_empty();
        // Branches are taken once the whole graph is there.
        refuse::operators(&graph, |op_type| op_type == "If" || operators::is_known(op_type))
    }

    fn no_model(&self) -> Error {
        let beginning: String = self.beginning.iter().map(|byte| byte.escape_ascii().to_string()).collect();
        let found = format!("{} bytes beginning with \"{beginning}\"", self.size);
        Error::bad_model(format!(
            "expected an ONNX file, found {found}; it may be cut short or be another kind of file"
        ))
    }
}
