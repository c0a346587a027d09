using QatKit.Core.Diagnostics;
using QatKit.Training.Recipes;
using TorchSharp;

namespace QatKit.Training.Runs;

// Chooses the device and the number of CPU threads.
internal static class TrainingDevice
{
    public static torch.Device Select(TrainSection train)
    {
        torch.set_num_threads(train.Threads > 0 ? train.Threads : Environment.ProcessorCount);
        if (train.Device == TrainDevice.Cpu) return torch.CPU;
        if (torch.cuda.is_available()) return torch.CUDA;
        return train.Device == TrainDevice.Auto
            ? torch.CPU
            : throw new QatKitException("QK1140", "train.device", "train.device = cuda, but torch finds no CUDA device. Use auto or cpu, or build with -p:QatKitTorch=cuda-linux on a machine with a driver ('qatkit doctor' tells).");
    }
}
