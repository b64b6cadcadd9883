from salon_transcoder.main import main

main()
