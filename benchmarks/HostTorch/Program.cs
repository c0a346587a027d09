using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

// QatKit.HostTorch LIBTORCH_FOLDER [RESULT.json]
// Loads the machine's libtorch, puts TorchSharp's own native library on top, and trains a little on CUDA. Each step is recorded; the first that
// fails is the last.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var folder = args[0];
string[] processorLibraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];
string[] cudaLibraries = ["libc10_cuda.so", "libtorch_cuda.so"];
var steps = new List<(string Name, bool Works, string Detail)>();

// Recorded as failed before it is tried: a library built for another libtorch may end the process.
bool Step(string name, Func<string> run)
{
    Console.Write($"{name}: ");
    Console.Out.Flush();
    steps.Add((name, false, "the process ended here"));
    Write();
    try
    {
        steps[^1] = (name, true, run());
    }
    catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException or NotSupportedException or TypeInitializationException or ExternalException or InvalidOperationException)
    {
        var cause = e.GetBaseException();
        steps[^1] = (name, false, $"{cause.GetType().Name}: {cause.Message.ReplaceLineEndings(" ")}");
    }

    Write();
    Console.WriteLine((steps[^1].Works ? "" : "failed: ") + steps[^1].Detail);
    return steps[^1].Works;
}

void Write()
{
    if (args.Length < 2) return;
    using (var file = File.Create(args[1] + ".part")) WriteSteps(file);
    File.Move(args[1] + ".part", args[1], overwrite: true);
}

void WriteSteps(Stream file)
{
    using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true });
    json.WriteStartObject();
    json.WriteStartArray("steps");
    foreach (var (name, works, detail) in steps)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteBoolean("works", works);
        json.WriteString("detail", detail);
        json.WriteEndObject();
    }

    json.WriteEndArray();
    json.WriteEndObject();
}

string Load(string library)
{
    NativeLibrary.Load(Path.Combine(folder, library));
    return library;
}

// What a training step is made of; the last loss must be far below the first.
string Train(Device device)
{
    manual_seed(1);
    using var scope = NewDisposeScope();
    var x = randn([256, 64], device: device);
    var y = x.matmul(randn([64, 1], device: device));
    var model = nn.Sequential(("first", nn.Linear(64, 128)), ("gelu", nn.GELU()), ("second", nn.Linear(128, 1))).to(device);
    var optimizer = optim.AdamW(model.parameters(), lr: 1e-2);
    float first = 0, last = 0;
    for (var step = 0; step < 100; step++)
    {
        optimizer.zero_grad();
        var loss = nn.functional.mse_loss(model.forward(x), y);
        loss.backward();
        optimizer.step();
        last = loss.item<float>();
        if (step == 0) first = last;
    }

    return last < 0.2f * first ? $"100 steps of AdamW, loss {first:F3} to {last:F4}" : throw new InvalidOperationException($"loss {first:F3} to {last:F4} in 100 steps");
}

// The native operation that fake-quantize modules reach through TorchScript.
string FakeQuantize(Device device)
{
    using var unit = jit.compile("def f(x: Tensor, s: Tensor, z: Tensor):\n    return torch.fake_quantize_per_tensor_affine(x, s, z, -127, 127)\n");
    using var x = tensor([0.26f, -9f], device: device);
    using var scale = tensor(0.05f, device: device);
    using var zero = tensor(0, ScalarType.Int32, device: device);
    using var y = (Tensor)unit.invoke("f", x, scale, zero);
    var values = y.cpu().data<float>().ToArray();
    return Math.Abs(values[0] - 0.25f) < 1e-6 && Math.Abs(values[1] + 6.35f) < 1e-6 ? "0.25, -6.35" : throw new InvalidOperationException(string.Join(", ", values));
}

_ = Step("libtorch of this machine", () => string.Join(", ", processorLibraries.Select(Load)))
    && Step("TorchSharp's native library on it", () => { NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so")); return "loaded"; })
    && Step("training on the processor", () => { InitializeDeviceType(DeviceType.CPU); return Train(CPU); })
    && Step("fake-quantize on the processor", () => FakeQuantize(CPU))
    && Step("libtorch's CUDA part", () => string.Join(", ", cudaLibraries.Select(Load)))
    && Step("CUDA through TorchSharp", () => { InitializeDeviceType(DeviceType.CUDA); return cuda.is_available() ? $"{cuda.device_count()} devices" : throw new NotSupportedException("torch.cuda.is_available() is false"); })
    && Step("training on CUDA", () => Train(CUDA))
    && Step("fake-quantize on CUDA", () => FakeQuantize(CUDA));

// Knowing that it does not work is an answer too: the stage passes.
Console.WriteLine(steps.TrueForAll(s => s.Works) ? "TorchSharp runs on this machine's libtorch, with CUDA" : $"TorchSharp does not get past '{steps[^1].Name}' here");
